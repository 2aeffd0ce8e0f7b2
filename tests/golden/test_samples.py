"""Frames that networks are compared on: the extremes first, then random ones of the input's type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twofold.golden.samples import sample_codes, sample_frames
from twofold.network.graph import Network, Tensor
from twofold.network.types import IntType


def test_the_extremes_come_first(network_of: Callable[[int], Network]) -> None:
    network = network_of(0)
    frames, type_ = sample_frames(network, 5, seed=0), network.input.type
    assert frames.shape == (5, *network.input.shape)
    assert (frames[0] == type_.lo).all() and (frames[1] == type_.hi).all()
    assert frames.min() == type_.lo and frames.max() == type_.hi


def test_types_of_any_width_are_sampled() -> None:
    """Without a list of all their codes, which for 40 bits fills 8 TiB."""
    wide = Tensor("x", (2, 3), IntType(True, 40))
    frames = sample_frames(Network.of("wide", [wide], [], "x", "x"), 3, seed=0)
    assert frames[0].tolist() == [[-(1 << 39)] * 3] * 2 and frames[1].tolist() == [[(1 << 39) - 1] * 3] * 2
    assert len(np.unique(frames[2])) == 6


def test_one_frame_is_the_least_one(network_of: Callable[[int], Network]) -> None:
    network = network_of(0)
    assert (sample_frames(network, 1, seed=0) == network.input.type.lo).all()


def test_equal_seeds_give_equal_frames() -> None:
    codes = np.array([-3, 0, 5])
    first, second, other = (sample_codes(codes, (9, 4), seed) for seed in (1, 1, 2))
    assert (first == second).all() and (first != other).any()
    assert np.isin(first, codes).all()
