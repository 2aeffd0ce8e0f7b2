"""A memory with several readers against arrays, and its ports in cells."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from twofold.network.types import IntArray
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.shared_table_ram import SharedTableRam, shared_table_cells
from twofold.rtl.verilog import to_rtlil
from twofold.sim import primitives
from twofold.sim.vectors import build

BUILD = Path("build/vectors")
CYCLES = 2000
WIDTHS = [(19, 19, 19), (20, 20, 20, 4), (3, 20, 9), (20, 1), (5,)]
"""Ports D hold a part of the first reader's word, or all of it, which may leave some of them unused."""


def yosys_model() -> str:
    """RAM32M as Yosys describes it. Yosys is not imported: torch crashes in a process that has loaded it."""
    spec = find_spec("pyosys")
    assert spec is not None and spec.origin is not None
    text = (Path(spec.origin).parent / "share" / "xilinx" / "cells_sim.v").read_text()
    begin = text.index("module RAM32M (")
    return text[begin : text.index("endmodule", begin)] + "endmodule\n"


def stimulus(widths: tuple[int, ...]) -> dict[str, IntArray]:
    rng = np.random.default_rng(len(widths))
    readers = range(len(widths))
    return {
        "write_enable": rng.integers(0, 2, CYCLES),
        "write_address": rng.integers(0, 32, CYCLES),
        **{f"read_address_{reader}": rng.integers(0, 32, CYCLES) for reader in readers},
        **{f"write_data_{reader}": rng.integers(0, 1 << widths[reader], CYCLES) for reader in readers},
    }


def expected(inputs: dict[str, IntArray], reader: int) -> IntArray:
    words, data = np.zeros(32, np.int64), np.zeros(CYCLES, np.int64)
    for cycle in range(CYCLES):
        write, to = inputs["write_enable"][cycle], inputs["write_address"][cycle]
        data[cycle] = words[to if write and not reader else inputs[f"read_address_{reader}"][cycle]]
        if write:
            words[to] = inputs[f"write_data_{reader}"][cycle]
    return data


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize(
    ("family", "models"),
    [(Family.PORTABLE, ""), (Family.XC7, primitives.XC7), (Family.XC7, yosys_model())],
    ids=["portable", "xc7", "xc7, as Yosys has it"],
)
def test_each_reader_finds_its_words(widths: tuple[int, ...], family: Family, models: str) -> None:
    inputs = stimulus(widths)
    found = build(SharedTableRam(widths, family), BUILD, models).run(inputs)
    for reader in range(len(widths)):
        assert np.array_equal(found[f"read_data_{reader}"], expected(inputs, reader)), reader


@pytest.mark.parametrize(
    ("widths", "cells"),
    [((19, 19, 19), 8), ((20, 20, 20, 4), 8), ((20, 20, 20, 5), 9), ((3, 20, 9), 5), ((5,), 1), ((), 0)],
    ids=str,
)
def test_ports_are_shared(widths: tuple[int, ...], cells: int) -> None:
    assert shared_table_cells(widths) == cells
    assert to_rtlil(SharedTableRam(widths, Family.XC7), "top").count("cell \\RAM32M") == cells
