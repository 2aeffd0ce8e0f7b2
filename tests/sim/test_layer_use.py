"""Every slot of a layer's MACs is accounted for, and waste has its true name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, MaxPool2d, Requantise
from twofold.network.types import IntType
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.layer_timing import LayerTiming
from twofold.sim.layer_use import LayerUse, layer_uses

UINT4 = IntType(False, 4)
ENGINE = Geometry(kinds=(PeName.INT_MUL,), tiles=1, sum_words=512)


def network(channels: int, outputs: int, size: int) -> Network:
    """A 3×3 convolution with its quantiser, and a maximum over 2×2."""
    weight = np.ones((outputs, channels, 3, 3), np.int64)
    bias = np.zeros(outputs, np.int64)
    ones = {"multiplier": np.ones(outputs, np.int64), "shift": np.full(outputs, 6)}
    ops = (
        Conv2d("conv", ("x",), "conv", weight=weight, bias=bias, padding=(1, 1, 1, 1)),
        Requantise("codes", ("conv",), "codes", bounds=(0, 15), **ones),
        MaxPool2d("pool", ("codes",), "pool", kernel=(2, 2), stride=(2, 2)),
    )
    tensors = (
        Tensor("x", (channels, size, size), UINT4),
        Tensor("conv", (outputs, size, size), IntType(True, 20, Dyadic(1, 2))),
        Tensor("codes", (outputs, size, size), UINT4),
        Tensor("pool", (outputs, size // 2, size // 2), UINT4),
    )
    return Network.of("layers", tensors, ops, "x", "pool")


def uses(geometry: Geometry, channels: int, outputs: int, size: int) -> list[LayerUse]:
    subject = network(channels, outputs, size)
    program = plan(subject, geometry)
    return layer_uses(subject, program, [step.cycles for step in program.instructions])


@pytest.mark.parametrize("tiles", [1, 2, 4])
@pytest.mark.parametrize("shape", [(8, 8, 16), (5, 17, 9), (8, 24, 3)])
def test_every_slot_is_accounted_for(tiles: int, shape: tuple[int, int, int]) -> None:
    geometry = replace(ENGINE, tiles=tiles, weight_banks=tiles)
    conv, pool = uses(geometry, *shape)
    assert conv.slots == conv.simulated * 64 * tiles
    assert min(conv.macs, conv.widths, conv.tiles, conv.intervals, conv.latency) >= 0
    assert sum(conv.waste.values()) + conv.utilisation == pytest.approx(1)
    assert (pool.macs, pool.latency, pool.pe, pool.kind) == (0, pool.slots, "lanes", "MaxPool2d")


def test_widths_that_fill_no_block_are_named() -> None:
    aligned, narrow = uses(ENGINE, 8, 8, 16)[0], uses(ENGINE, 5, 8, 16)[0]
    assert aligned.widths == aligned.tiles == aligned.intervals == 0
    assert narrow.widths == 3 * 8 * 9 * 256
    assert narrow.slots == aligned.slots


def test_tiles_without_rows_are_named() -> None:
    conv = uses(replace(ENGINE, tiles=2), 8, 8, 5)[0]
    assert conv.tiles == 9 * 64 * 5, "two bands of three rows for a map of five"


def test_the_kind_beside_counts_whether_it_is_used_or_not() -> None:
    kinds = (PeName.APOT_SHIFT, PeName.INT8_DSP)
    geometry = replace(ENGINE, kinds=kinds, beside=PeName.INT8_DSP)
    paired, alone = (uses(geometry, 8, outputs, 16)[0] for outputs in (16, 8))
    assert paired.slots == 2 * 64 * paired.simulated
    assert (paired.kinds, paired.macs) == (0, 16 * 8 * 9 * 256)
    assert 2 * alone.kinds == alone.slots
    for conv in (paired, alone):
        assert sum(conv.waste.values()) + conv.utilisation == pytest.approx(1)
        assert conv.latency >= 0


def test_sweeps_shorter_than_a_load_are_named() -> None:
    conv = uses(ENGINE, 8, 8, 2)[0]
    interval = LayerTiming.of(ENGINE).intervals[1]
    assert conv.intervals == 9 * (interval - 4) * 64 > 0
