"""A whole engine by Yosys: no path is longer than the limit, and a longer one would be noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.primitives.family import Family
from twofold.synth.engine import LUTS_MAX, engine_path, synthesise_engine

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
    path, used = engine_path(SMALL, KEPT), synthesise_engine(SMALL, KEPT)
    assert (used.dsp, used.bram36 > 8) == (2 * 4 + 8, True)
    assert not path.exceeds(LUTS_MAX), str(path)
    assert path.exceeds(path.luts - 1)


def test_an_engine_for_ultrascale_takes_as_many_blocks() -> None:
    used = synthesise_engine(replace(SMALL, family=Family.XCUP), KEPT, family="xcup")
    assert (used.dsp, used.bram36 > 8) == (2 * 4 + 8, True)
