"""The smallest engine has more lanes or tiles where one tile of 8 lanes is too small."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Threshold
from twofold.network.types import IntType
from twofold.plan.smallest import smallest

UINT4 = IntType(False, 4)


def convolution(channels: int, size: int, kernel: int = 1, weight: int = 1) -> Network:
    """`channels` channels to as many, or 3 to them in windows next to each other, with thresholds behind."""
    inputs, after = (channels, size) if kernel == 1 else (3, size // kernel)
    tensors = [
        Tensor("x", (inputs, size, size), UINT4),
        Tensor("sums", (channels, after, after), IntType(True, 32)),
        Tensor("y", (channels, after, after), UINT4),
    ]
    weights = np.full((channels, inputs, kernel, kernel), weight)
    ops = [
        Conv2d("conv", ("x",), "sums", weights, np.zeros(channels, np.int64), stride=(kernel, kernel)),
        Threshold("act", ("sums",), "y", np.tile(np.arange(1, 16), (channels, 1)), np.arange(16)),
    ]
    return Network.of("one", tensors, ops, "x", "y")


def test_one_tile_of_eight_lanes_is_the_first(network: Network) -> None:
    geometry = smallest(network).geometry
    assert (geometry.lanes, geometry.tiles) == (8, 1)


def test_channels_beyond_what_an_instruction_counts_take_more_lanes() -> None:
    geometry = smallest(convolution(2048, 2, kernel=2)).geometry
    assert (geometry.lanes, geometry.tiles) == (16, 1)


def test_pixels_beyond_one_bank_take_more_tiles_and_transfers_that_can_be_encoded() -> None:
    program = smallest(convolution(8, 512, kernel=2))
    assert program.geometry.tiles > 1
    assert len(program.code) == 64 * len(program.instructions)


def test_what_no_engine_executes_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="y: expected weights and activations that one of apot_shift, "):
        smallest(convolution(8, 4, weight=200))
