"""Synthesis with Yosys in a process of its own: how large a design becomes on a family of FPGAs."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from amaranth.lib import wiring

from twofold.errors import UserError
from twofold.files import write_atomically
from twofold.rtl.verilog import to_rtlil
from twofold.rtl.yosys import YosysError, YosysTimeoutError, run_yosys
from twofold.synth.flows import passes, soft_passes, with_soft_multipliers
from twofold.synth.netlist import Netlist, labelled
from twofold.synth.utilisation import Utilisation, count

CACHE = Path("build/synth")


def synthesise(
    design: wiring.Component | Path,
    top: str,
    *,
    family: str = "xc7",
    wire_delay: int | None = None,
    time_limit: float = 1800.0,
    cache: Path = CACHE,
) -> Utilisation:
    """Utilisation of a component, or of a Verilog file, as module `top`.

    The result is kept in folder `cache` under a hash of source, flow and Yosys's version, and returned
    from there the next time, `seconds` included. wire_delay: see `passes`. time_limit: seconds. Raises
    UserError for a family that is not supported, when the time is over, and when Yosys fails, with the last
    lines of its log.
    """
    job = _job(design, top, family, wire_delay)
    kept = cache / f"{top}-{job.key}.json"
    if not kept.is_file():
        _synthesise(job, time_limit, kept)
    return Utilisation(**json.loads(kept.read_text()))


def mapped_netlist(
    design: wiring.Component | Path,
    top: str,
    *,
    family: str = "xc7",
    wire_delay: int | None = None,
    time_limit: float = 1800.0,
    cache: Path = CACHE,
) -> Netlist:
    """The netlist behind `synthesise`, whose result is kept with it; the same arguments and errors."""
    return _kept_netlist(_job(design, top, family, wire_delay), time_limit, cache)


def netlist_with_soft_multipliers(
    design: wiring.Component, top: str, blocks: int, *, time_limit: float = 1800.0, cache: Path = CACHE
) -> Netlist:
    """As `mapped_netlist` for ECP5, with no more multiplier blocks than `blocks`: see `soft_passes`."""
    source = with_soft_multipliers(labelled(to_rtlil(design, top)), blocks)
    commands = ("read_rtlil design", *_written(soft_passes(top), top))
    return _kept_netlist(_Job(source, commands, top), time_limit, cache)


def design_key(design: wiring.Component | Path, top: str, family: str) -> str:
    """The hash that results of `synthesise` are kept under: of source, flow and Yosys's version."""
    return _job(design, top, family).key


@dataclass(frozen=True)
class _Job:
    source: str
    commands: tuple[str, ...]
    top: str

    @property
    def key(self) -> str:
        parts = [*self.commands, version("pyosys"), self.source]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _job(design: wiring.Component | Path, top: str, family: str, wire_delay: int | None = None) -> _Job:
    flow = _written(passes(family, top, wire_delay), top)
    if isinstance(design, Path):
        return _Job(design.read_text(), ("read_verilog -sv design", *flow), top)
    return _Job(labelled(to_rtlil(design, top)), ("read_rtlil design", *flow), top)


def _written(flow: Sequence[str], top: str) -> tuple[str, ...]:
    """The flow, and its result to netlist.json; blackboxes of the family's library would fill the file."""
    write = (f"select {top}", "write_json -selected netlist.json")
    return (*flow, "delete t:$scopeinfo", "setattr -unset src c:* w:*", *write)


def _kept_netlist(job: _Job, time_limit: float, cache: Path) -> Netlist:
    kept = cache / f"{job.top}-{job.key}.netlist.json.gz"
    if not kept.is_file():
        netlist = _synthesise(job, time_limit, cache / f"{job.top}-{job.key}.json")
        write_atomically(kept, gzip.compress(json.dumps(netlist.design).encode(), compresslevel=3))
    return Netlist(job.top, json.loads(gzip.decompress(kept.read_bytes())))


def _synthesise(job: _Job, time_limit: float, kept: Path) -> Netlist:
    begin = time.monotonic()
    netlist = _run(job, time_limit)
    used = count(netlist.cells, round(time.monotonic() - begin, 1))
    write_atomically(kept, json.dumps(asdict(used)))
    return netlist


def _run(job: _Job, time_limit: float) -> Netlist:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design").write_text(job.source)
        try:
            run_yosys(job.commands, folder, time_limit=time_limit)
        except YosysTimeoutError as error:
            reason = f"synthesis of {job.top}: {error}; give it more time or a smaller design"
            raise UserError(reason) from error
        except YosysError as error:
            raise UserError(f"Yosys could not synthesise {job.top}: {error}") from error
        return Netlist(job.top, json.loads((folder / "netlist.json").read_text()))
