"""The planner's model of area against what Yosys made of a grid of geometries."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from twofold.plan.area.arrays import Area, area
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.primitives.family import Family
from twofold.synth.area_grid import grid
from twofold.synth.bench_cost import COLUMNS, ROWS, Rows, measure, table

GRID = grid()
MEASURED: Rows = json.loads(ROWS.read_text())


def misses(model: Area, row: dict[str, int]) -> list[str]:
    """Resources that the model misses by more than a tenth, and by more than a hundredth of all LUTs and
    flip-flops, which is what a stray shift register is."""
    stray = (row["lut"] + row["ff"]) // 100
    return [
        column
        for column in COLUMNS
        if abs(getattr(model, column) - row[column]) > max(row[column] // 10, stray)
    ]


def test_the_grid_has_twelve_geometries_of_each_kind() -> None:
    assert MEASURED.keys() == GRID.keys()
    assert min(Counter(kind.name for kind in GRID.values()).values()) >= 12


@pytest.mark.parametrize("label", GRID)
def test_the_model_is_within_a_tenth_of_synthesis(label: str) -> None:
    model = area(GRID[label])
    assert misses(model, MEASURED[label]) == []
    assert model.dsp == MEASURED[label]["dsp"]
    assert model.latency == GRID[label].latency


def test_a_wrong_model_is_noticed() -> None:
    label, kind = "apot_shift 16×2", ApotShift(16, 3, activation_bits=4, family=Family.XC7)
    assert misses(area(kind), MEASURED[label]) == ["lut", "ff"]


@pytest.mark.parametrize(
    "kind", [ApotShift(4, 1, activation_bits=4, family=Family.XC7), IntMul(4, 1)], ids=str
)
def test_the_measured_rows_are_of_this_hardware(kind: PeKind) -> None:
    label = f"{kind.name} 4×1"
    assert measure({label: kind}, Path("build/synth")) == {label: MEASURED[label]}


def test_the_table_shows_both() -> None:
    label = "int_mul 8×2"
    row = {"lut": 100, "lutram": 0, "ff": 242, "dsp": 16}
    assert table({label: row}, GRID).split() == (
        ["int_mul", "8×2", "lut", "112/100", "lutram", "0/0", "ff", "242/242", "dsp", "16/16", "+12.0%"]
    )
