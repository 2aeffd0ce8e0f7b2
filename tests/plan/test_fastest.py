"""The split that is taken is the fastest of those that a stage allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.plan.cost import BusTiming, CostModel
from twofold.plan.fastest import cycles, fastest
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.plan.split import splits
from twofold.plan.stages import stages
from twofold.qonnx.importer.load import import_model
from twofold.rtl.isa import LANES_PE

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"


def test_no_split_takes_fewer_cycles() -> None:
    network = import_model(MODEL)
    cost = CostModel(propose(network, tiles=4), BusTiming(1, 1, 0))
    for stage in stages(network):
        best = cycles(stage, LANES_PE, fastest(stage, LANES_PE, cost), cost)
        assert best == min(cycles(stage, LANES_PE, split, cost) for split in splits(stage, cost.geometry))


@pytest.mark.parametrize("name", ["apot", "int8"])
def test_more_tiles_take_fewer_cycles(name: str) -> None:
    network = import_model(MODEL.parents[1] / name / "model.onnx")
    programs = [plan(network, propose(network, tiles=tiles)) for tiles in (1, 2, 4, 8)]
    frames = [program.frame_cycles for program in programs]
    assert frames == sorted(frames, reverse=True)
    assert frames[0] > 1.8 * frames[3]
