"""Synthesis with Yosys in a process of its own: how large a design becomes on a family of FPGAs."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from amaranth.lib import wiring

from twofold.errors import UserError
from twofold.files import write_atomically
from twofold.rtl.verilog import to_rtlil
from twofold.rtl.yosys import YosysError, YosysTimeoutError, run_yosys
from twofold.synth.utilisation import Utilisation, count

FAMILIES = ("xc7",)
CACHE = Path("build/synth")


def synthesise(
    design: wiring.Component | Path,
    top: str,
    *,
    family: str = "xc7",
    time_limit: float = 1800.0,
    cache: Path = CACHE,
) -> Utilisation:
    """Utilisation of a component, or of a Verilog file, as module `top`.

    The result is kept in folder `cache` under a hash of source, flow and Yosys's version, and returned
    from there the next time, `seconds` included. time_limit: seconds. Raises UserError for a family that
    is not supported, when the time is over, and when Yosys fails, with the last lines of its log.
    """
    if family not in FAMILIES:
        raise UserError(f"expected a family among {', '.join(FAMILIES)}, got {family!r}")
    source = design.read_text() if isinstance(design, Path) else to_rtlil(design, top)
    reader = "read_verilog -sv" if isinstance(design, Path) else "read_rtlil"
    flow = [reader, *_flow(top, family)]
    key = hashlib.sha256("\0".join([*flow, version("pyosys"), source]).encode()).hexdigest()[:16]
    kept = cache / f"{top}-{key}.json"
    if not kept.is_file():
        write_atomically(kept, json.dumps(asdict(_run(source, flow, top, time_limit))))
    return Utilisation(**json.loads(kept.read_text()))


def _flow(top: str, family: str) -> list[str]:
    flow = f"synth_xilinx -family {family} -top {top} -flatten -noiopad -noclkbuf -abc9"
    # Hidden names keep abc9 from an assertion on wires of one name (Yosys issue 4349).
    return [f"{flow} -run begin:map_luts", "rename -hide w:*", f"{flow} -run map_luts:"]


def _run(source: str, flow: list[str], top: str, time_limit: float) -> Utilisation:
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design").write_text(source)
        reader, *passes = flow
        try:
            run_yosys([f"{reader} design", *passes, "write_json netlist.json"], folder, time_limit=time_limit)
        except YosysTimeoutError as error:
            raise UserError(f"synthesis of {top}: {error}; give it more time or a smaller design") from error
        except YosysError as error:
            raise UserError(f"Yosys could not synthesise {top}: {error}") from error
        cells = json.loads((folder / "netlist.json").read_text())["modules"][top]["cells"]
    return count(cells, round(time.monotonic() - begin, 1))
