"""Counting of cells."""

from __future__ import annotations

from typing import Any

from twofold.synth.utilisation import count


def netlist(*cells: tuple[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(index): {"type": kind, "connections": pins} for index, (kind, pins) in enumerate(cells)}


def test_memories_in_luts_are_counted_apart() -> None:
    used = count(netlist(("LUT3", {}), ("LUT6_2", {}), ("RAM32M", {}), ("SRL16E", {}), ("INV", {})), 1.5)
    assert (used.lut, used.lutram, used.seconds) == (2, 5, 1.5)


def test_half_block_rams() -> None:
    assert count(netlist(("RAMB36E1", {}), ("RAMB18E1", {})), 0.0).bram36 == 1.5


def test_cascaded_blocks_are_those_with_a_wire_at_pcin() -> None:
    first = ("DSP48E1", {"PCIN": ["0"] * 48})
    second = ("DSP48E1", {"PCIN": list(range(2, 50))})
    used = count(netlist(first, second), 0.0)
    assert (used.dsp, used.cascaded_dsp) == (2, 1)


def test_all_kinds_of_flip_flop() -> None:
    kinds = ("FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1")
    assert count(netlist(*((kind, {}) for kind in kinds), ("CARRY4", {})), 0.0).ff == len(kinds)
