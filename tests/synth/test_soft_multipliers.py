"""Multipliers that a device has too few blocks for are made of LUTs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.verilog import to_rtlil
from twofold.synth import place as placing
from twofold.synth.flows import with_soft_multipliers
from twofold.synth.place import Placed
from twofold.synth.yosys import mapped_netlist, netlist_with_soft_multipliers

KEPT = Path("build/synth")
BLOCK = "MULT18X18D"


def products() -> wiring.Component:
    """An array of four multipliers."""
    return IntMul(2, 2).component()


def kinds(netlist: object) -> Counter[str]:
    return Counter(cell["type"] for cell in netlist.cells.values())  # type: ignore[attr-defined]


class Wide(wiring.Component):
    """A product of more bits than a block multiplies."""

    def __init__(self) -> None:
        super().__init__({"x": In(signed(25)), "y": In(signed(18)), "product": Out(signed(43))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.product.eq(self.x * self.y)
        return m


@pytest.mark.parametrize(("blocks", "marked"), [(5, 0), (4, 0), (3, 1), (0, 4)])
def test_all_but_so_many_multipliers_are_marked(blocks: int, marked: int) -> None:
    source = to_rtlil(products(), "products")
    changed = with_soft_multipliers(source, blocks)
    assert changed.count("\\soft_multiplier 1\n") == marked
    assert changed.count("cell $mul ") == source.count("cell $mul ") == 4


def test_marked_multipliers_take_no_block() -> None:
    every = kinds(mapped_netlist(products(), "products", family="ecp5", cache=KEPT))
    some = kinds(netlist_with_soft_multipliers(products(), "products", 2, cache=KEPT))
    assert (every[BLOCK], some[BLOCK]) == (4, 2)
    assert some["LUT4"] > every["LUT4"] + 50
    assert some["TRELLIS_FF"] > 0


def test_what_is_wider_than_a_block_is_multiplied_in_luts() -> None:
    every = kinds(mapped_netlist(Wide(), "wide", family="ecp5", cache=KEPT))
    some = kinds(netlist_with_soft_multipliers(Wide(), "wide", 1, cache=KEPT))
    assert (every[BLOCK], some[BLOCK]) == (2, 1)
    assert some["LUT4"] > every["LUT4"] + 50


def test_only_what_a_device_has_no_blocks_for_is_in_luts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    placed: list[Counter[str]] = []

    def run(netlist: object, options: object, time_limit: float) -> Placed:
        placed.append(kinds(netlist))
        return Placed(125.0, "slow")

    monkeypatch.setattr(placing, "_run", run)
    monkeypatch.setattr(placing, "MULTIPLIERS", 3)
    placing.place(products(), cache=tmp_path)
    assert placed[0][BLOCK] == int(placing.ROOM * 3)
