"""Which layers two kinds compute at once, and their weights as they are loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.network.ops import Conv2d, Requantise
from twofold.plan.fastest import cycles, fastest
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.maps import Map
from twofold.plan.pairing import kind_beside
from twofold.plan.propose import propose
from twofold.plan.split import splits, works
from twofold.plan.stages import Stage
from twofold.plan.tiles import PairedWeights, encoded
from twofold.plan.timing.cost import BusTiming, CostModel
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.mac.kinds import pe_kinds

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"
LANES = 8
PAIRS = Geometry(
    lanes=LANES,
    tiles=2,
    weight_banks=2,
    kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP),
    beside=PeName.INT8_DSP,
)
BUS = BusTiming(1, 1, 0)


def convolution(outputs: int, largest: int = 10, inputs: int = LANES) -> Stage:
    """3 × 3 on 16 × 16 pixels, of random weights."""
    choices = np.array([-largest, -6, -1, 0, 3, 8])
    weight, ones = np.random.default_rng(7).choice(choices, (outputs, inputs, 3, 3)), np.ones(outputs)
    body = Conv2d("c", ("x",), "s", weight=weight, bias=0 * ones, padding=(1, 1, 1, 1))
    maps = [Map(name, count, 16, 16, False, 4, 0) for name, count in (("x", inputs), ("y", outputs))]
    quantiser = Requantise("q", ("s",), "y", multiplier=ones, shift=ones, bounds=(0, 15))
    return Stage("y", body, quantiser, (maps[0],), replace(maps[1], name="s"), maps[1])


def test_the_kind_beside_must_hold_the_layer_too_and_be_another_one() -> None:
    beside = kind_beside(convolution(16), PAIRS)
    assert beside is not None and beside.name == "int8_dsp"
    assert kind_beside(convolution(16, largest=99), PAIRS) is None, "the kind beside computes it alone"
    assert kind_beside(convolution(16), replace(PAIRS, beside=None)) is None
    assert kind_beside(replace(convolution(16), quantiser=None), PAIRS) is None, "sums stay in one memory"
    assert kind_beside(convolution(16), replace(PAIRS, beside=PeName.APOT_SHIFT)) is None, "sums come sooner"


def test_a_word_must_be_multiplied_at_once() -> None:
    few = replace(PAIRS, int8_dsp_inputs=4)
    assert kind_beside(convolution(16), few) is None
    assert kind_beside(convolution(16, inputs=4), few) is not None


@pytest.mark.parametrize(
    ("outputs", "expected"), [(8, []), (16, [1]), (24, []), (32, [1, 2]), (40, []), (48, [1])]
)
def test_groups_come_in_pairs(outputs: int, expected: list[int]) -> None:
    found = [split for split in splits(convolution(outputs), PAIRS) if split.paired]
    assert [split.blocks for split in found] == expected
    for split in found:
        (work,) = works(convolution(outputs), split, PAIRS)
        assert work.groups * split.blocks * LANES == outputs


def test_a_pair_takes_the_sweeps_of_one_group_and_one_more() -> None:
    stage, cost = convolution(16), CostModel(PAIRS, BUS)
    alone, paired = (cycles(stage, 1, split, cost) for split in list(splits(stage, PAIRS))[:2])
    assert fastest(stage, 1, cost).paired
    pixels, sweeps = 128, 9
    assert alone - paired == pytest.approx(pixels * (2 * sweeps - (sweeps + 1)), rel=0.05)


@pytest.mark.parametrize("blocks", [1, 2])
def test_each_tile_lies_before_the_one_that_is_computed_beside_it(blocks: int) -> None:
    stage = convolution(4 * LANES)
    own, beside = pe_kinds(PAIRS)
    weights = PairedWeights(
        *(encoded(stage.body, stage.operands[0], kind, pe) for pe, kind in enumerate((own, beside))),
        blocks,
        LANES,
    )
    assert weights.block_words * 2 == 9 * (own.load_words + beside.load_words)
    for place in range(blocks):
        words = list(weights.words(place, blocks, InputBlocks(1, (0,) * (4 // blocks), 1)))
        for pair in range(2 // blocks):
            for y, x in np.ndindex(3, 3):
                for kind, group in ((own, 2 * pair), (beside, 2 * pair + 1)):
                    first = (group * blocks + place) * LANES
                    tile = stage.body.weight[first : first + LANES, :, y, x]
                    assert words[: kind.load_words] == list(kind.encode(tile))
                    del words[: kind.load_words]
        assert not words


def test_each_block_is_corrected_as_the_kind_that_computes_it() -> None:
    stage = convolution(4 * LANES)
    tables = [encoded(stage.body, stage.operands[0], kind, pe) for pe, kind in enumerate(pe_kinds(PAIRS))]
    weights = PairedWeights(*tables, 1, LANES)
    by_block = weights.correction.reshape(4, LANES)
    for block in range(4):
        assert np.array_equal(by_block[block], tables[block % 2].correction.reshape(4, LANES)[block])
    assert weights.slack == max(table.slack for table in tables) > 0


@pytest.mark.parametrize("beside", [PeName.INT_MUL, PeName.APOT_SHIFT])
def test_a_kind_that_no_other_is_preferred_to_is_refused(beside: PeName) -> None:
    network = import_model(MODEL)
    with pytest.raises(UserError, match=f"beside: expected a kind .*, int8_dsp, got {beside}"):
        propose(network, preference=PAIRS.kinds, beside=beside)
