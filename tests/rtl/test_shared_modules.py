"""Equal modules become one, different ones stay, and the design computes the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.shared_modules import share_modules
from twofold.rtl.verilog import to_rtlil, to_verilog
from twofold.sim.vectors import compile_verilog, ports_of


class Scale(wiring.Component):
    """y = x · factor, a cycle later, by two modules whose ports have no names."""

    def __init__(self, factor: int) -> None:
        super().__init__({"x": In(8), "y": Out(8)})
        self.factor = factor

    def elaborate(self, platform):  # type: ignore[no-untyped-def]
        m = Module()
        m.submodules.product = product = Module()
        m.submodules.register = register = Module()
        scaled = Signal(8, name="")
        product.d.comb += scaled.eq(self.x * self.factor)
        register.d.sync += self.y.eq(scaled)
        return m


class Row(wiring.Component):
    """Three scales of 3 and one of 5."""

    def __init__(self) -> None:
        super().__init__({"x": In(8), "y": Out(32)})

    def elaborate(self, platform):  # type: ignore[no-untyped-def]
        m = Module()
        for place, factor in enumerate((3, 3, 5, 3)):
            m.submodules[f"scale_{place}"] = scale = Scale(factor)
            m.d.comb += [scale.x.eq(self.x), self.y[8 * place : 8 * place + 8].eq(scale.y)]
        return m


def modules(rtlil: str) -> int:
    return rtlil.count("\nmodule ")


def test_equal_modules_become_one() -> None:
    text = to_rtlil(Row(), "row")
    assert modules(text) == 1 + 4 * 3
    # the top, two scales, two products, and one register
    assert modules(share_modules(text)) == 1 + 2 + 2 + 1


def test_what_is_shared_once_is_not_shared_again() -> None:
    text = share_modules(to_rtlil(Row(), "row"))
    assert share_modules(text) == text


def test_the_design_computes_the_same(tmp_path: Path) -> None:
    row = Row()
    to_verilog(row, "row", tmp_path / "row.sv")
    verilog = (tmp_path / "row.sv").read_text()
    assert verilog.count("\nmodule ") + verilog.startswith("module ") <= 6
    simulation = compile_verilog(verilog, "row", ports_of(Row()), tmp_path)
    x = np.arange(256)
    y = simulation.run({"x": x})["y"]
    expected = sum((x * factor % 256) << 8 * place for place, factor in enumerate((3, 3, 5, 3)))
    assert np.array_equal(y[1:], expected[:-1])
