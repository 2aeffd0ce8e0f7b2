"""A whole engine by Yosys: no path is longer than the limit, and a longer one would be noticed."""

from __future__ import annotations

from pathlib import Path

from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.primitives.family import Family
from twofold.synth.engine import LUTS_MAX, synthesise_engine

KEPT = Path("build/synth")

SMALL = Geometry(
    lanes=8,
    tiles=2,
    weight_banks=2,
    kinds=(PeName.INT8_DSP,),
    int8_dsp_inputs=1,
    accumulator_bits=19,
    full_tiles=1,
    lean_bits=18,
    level_bits=0,
    features=(),
    lane_shift=1,
    family=Family.XC7,
)
"""All of the control, the exchange between tiles, both forms of requantisation, and next to no products."""


def test_the_longest_path_of_an_engine() -> None:
    found = synthesise_engine(SMALL, KEPT)
    assert (found.used.dsp, found.used.bram36 > 8) == (2 * 4 + 8, True)
    assert not found.path.exceeds(LUTS_MAX), str(found.path)
    assert found.path.exceeds(found.path.luts - 1)
