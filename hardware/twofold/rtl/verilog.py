"""Amaranth component → one Verilog file, with the port names that vendors' tools expect."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Shape
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from twofold.files import atomic_path
from twofold.rtl.shared_modules import share_modules
from twofold.rtl.yosys import run_yosys


def port_widths(component: wiring.Component) -> dict[str, tuple[str, int]]:
    """Name → ("input" or "output", width) of each port but clk and rst, in order of declaration.

    A name is the path through the signature joined by single underscores, such as s_axi_awaddr.
    """
    ports = {}
    for path, member, _ in component.signature.flatten(component):
        direction = "input" if member.flow == In else "output"
        ports[_joined(path)] = (direction, Shape.cast(member.shape).width)
    return ports


def to_rtlil(component: wiring.Component, name: str) -> str:
    """The design as RTLIL text, top module `name`. Raises ValueError if two ports would get one name."""
    ports = {}
    for path, member, value in component.signature.flatten(component):
        if _joined(path) in ports:
            raise ValueError(f"expected different port names, found {_joined(path)} twice")
        direction = PortDirection.Input if member.flow == In else PortDirection.Output
        ports[_joined(path)] = (getattr(value, "as_value", lambda value=value: value)(), direction)
    return rtlil.convert(component, name=name, ports=ports, emit_src=False)


def to_verilog(component: wiring.Component, name: str, path: Path) -> None:
    """Writes module `name` and those below it to `path`, each once, whole or not at all.

    The clock is `clk` and the synchronous reset `rst`. Raises YosysError if Yosys fails.
    """
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as target:
        work = Path(folder)
        (work / "design.il").write_text(share_modules(to_rtlil(component, name)))
        commands = ["read_rtlil design.il", f"hierarchy -top {name}", "proc", "memory_collect"]
        run_yosys([*commands, "write_verilog -sv -noattr design.sv"], work)
        shutil.copyfile(work / "design.sv", target)


def _joined(path: tuple[str | int, ...]) -> str:
    return "_".join(map(str, path))
