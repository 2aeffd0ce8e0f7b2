"""Multipliers that a device has too few blocks for are made of LUTs, and multiply all the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from amaranth.lib import wiring

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


@pytest.mark.parametrize(("share", "marked"), [(0.0, 0), (0.3, 2), (0.5, 2), (1.0, 4)])
def test_a_share_of_the_multipliers_is_marked(share: float, marked: int) -> None:
    source = to_rtlil(products(), "products")
    changed = with_soft_multipliers(source, share)
    assert changed.count("\\soft_multiplier 1\n") == marked
    assert changed.count("cell $mul ") == source.count("cell $mul ") == 4


def test_marked_multipliers_take_no_block() -> None:
    every = kinds(mapped_netlist(products(), "products", family="ecp5", cache=KEPT))
    some = kinds(netlist_with_soft_multipliers(products(), "products", 0.5, cache=KEPT))
    assert (every[BLOCK], some[BLOCK]) == (4, 2)
    assert some["LUT4"] > every["LUT4"] + 50
    assert some["TRELLIS_FF"] > 0


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
    assert placed[0][BLOCK] == 3
