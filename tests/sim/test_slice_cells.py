"""Models of cells: looked up by type, and refused where there is none."""

from __future__ import annotations

import pytest

from twofold.errors import UserError
from twofold.sim.slice_cells import models_of


def test_each_type_comes_once_and_ours_before_the_tools() -> None:
    text = models_of(["LUT3", "LUT3", "FDSE", "RAM32M"])
    assert [line.split()[1] for line in text.splitlines() if line.startswith("module")] == [
        "FDSE",
        "LUT3",
        "RAM32M",
    ]
    assert "specify" not in text


def test_blocks_that_are_not_ours_are_yosys_own() -> None:
    assert models_of(["DSP48E1"]).startswith("module DSP48E1 ")


def test_unknown_cells_are_named() -> None:
    with pytest.raises(UserError, match="expected cells whose behaviour is known, found BUFG9, FOO"):
        models_of(["FOO", "LUT1", "BUFG9"])
