"""The split that is taken is the fastest of those that a stage allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.network.ops import Conv2d, Requantise
from twofold.plan.fastest import cycles, fastest
from twofold.plan.maps import Map
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.plan.split import splits
from twofold.plan.stages import Stage, stages
from twofold.plan.timing.cost import BusTiming, CostModel
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LANES_PE

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"


def test_no_split_takes_fewer_cycles() -> None:
    network = import_model(MODEL)
    cost = CostModel(propose(network, tiles=4), BusTiming(1, 1, 0))
    for stage in stages(network):
        best = cycles(stage, LANES_PE, fastest(stage, LANES_PE, cost), cost)
        assert best == min(cycles(stage, LANES_PE, split, cost) for split in splits(stage, cost.geometry))


COST = CostModel(Geometry(tiles=4, weight_banks=4, weight_words=16), BusTiming(1, 1, 0))


def convolution(channels: int) -> Stage:
    """3 × 3 on 16 × 16 pixels, from 8 channels to so many."""
    weight, ones = np.ones((channels, 8, 3, 3)), np.ones(channels)
    body = Conv2d("c", ("x",), "s", weight=weight, bias=0 * ones, padding=(1, 1, 1, 1))
    sizes = (("x", 8), ("s", channels), ("y", channels))
    maps = [Map(name, count, 16, 16, False, 8, 0) for name, count in sizes]
    quantiser = Requantise("q", ("s",), "y", multiplier=ones, shift=ones, bounds=(0, 9))
    return Stage("y", body, quantiser, (maps[0],), maps[1], maps[2])


def test_weights_that_do_not_fit_a_bank_are_spread_over_more() -> None:
    three_blocks = convolution(24)
    assert fastest(three_blocks, 1, COST).blocks == fastest(three_blocks, 1, COST, 5).blocks == 1
    assert [fastest(three_blocks, 1, COST, words).blocks for words in (6, 16)] == [3, 3]
    assert fastest(three_blocks, 1, COST, 17).blocks == 1


def test_weights_are_spread_where_it_costs_no_cycles() -> None:
    assert fastest(convolution(32), 1, COST).blocks == 4


@pytest.mark.parametrize("name", ["apot", "int8"])
def test_more_tiles_take_fewer_cycles(name: str) -> None:
    network = import_model(MODEL.parents[1] / name / "model.onnx")
    programs = [plan(network, propose(network, tiles=tiles)) for tiles in (1, 2, 4, 8)]
    frames = [program.frame_cycles for program in programs]
    assert frames == sorted(frames, reverse=True)
    assert frames[0] > 1.8 * frames[3]
