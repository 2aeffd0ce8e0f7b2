"""Staircases as lines: on every integer of the range, and that no wrong line is taken."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.golden.lines import Line, line
from twofold.network.ranges import ChannelRange
from twofold.network.types import IntArray


def every_value(range_: ChannelRange) -> IntArray:
    """[N, C]: each channel from its least to its greatest value, the shorter ones repeated at the end."""
    length = int((range_.hi - range_.lo).max()) + 1
    return np.minimum(range_.lo + np.arange(length)[:, None], range_.hi)


def counted(edges: IntArray, levels: IntArray, x: IntArray) -> IntArray:
    return levels[(x[..., None] >= edges).sum(axis=-1)]


def is_right(form: Line, edges: IntArray, levels: IntArray, range_: ChannelRange) -> bool:
    x = every_value(range_)
    return np.array_equal(form(torch.tensor(x, dtype=torch.float32)).numpy(), counted(edges, levels, x))


def clipped(edges: IntArray, range_: ChannelRange) -> IntArray:
    return np.clip(edges, range_.lo[:, None], range_.hi[:, None] + 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.003, 3), st.floats(-40, 40)), min_size=1, max_size=5),
    st.integers(1, 60),
    st.sampled_from([-31, 0]),
    st.sampled_from([torch.int8, torch.float32]),
    st.integers(0, 2**32 - 1),
)
def test_rounded_lines_are_found(
    channels: list[tuple[float, float]], steps: int, first: int, result: torch.dtype, seed: int
) -> None:
    gain, offset = np.array(channels).T[..., None]
    levels = np.arange(first, first + steps + 1)
    ends = np.sort(np.random.default_rng(seed).integers(-3000, 3000, (2, len(channels))), axis=0)
    range_ = ChannelRange(ends[0], ends[1])
    edges = clipped(np.ceil((levels[1:] - offset) / gain).astype(np.int64), range_)
    form = line(edges, levels, range_, 2, result)
    assert form is not None and is_right(form, edges, levels, range_)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_any_thresholds_give_a_right_line_or_none(channels: int, steps: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ends = np.sort(random.integers(-40, 40, (2, channels)), axis=0)
    range_, levels = ChannelRange(ends[0], ends[1]), np.arange(steps + 1)
    edges = clipped(np.sort(random.integers(-50, 50, (channels, steps)), axis=1), range_)
    form = line(edges, levels, range_, 2, torch.uint8)
    assert form is None or is_right(form, edges, levels, range_)


ONE = ChannelRange(np.array([-100]), np.array([100]))


def test_uneven_steps_and_levels_have_no_line() -> None:
    assert line(np.array([[0, 1, 50]]), np.arange(4), ONE, 2, torch.uint8) is None
    assert line(np.array([[0, 10, 20]]), np.array([0, 1, 2, 4]), ONE, 2, torch.uint8) is None
    assert line(np.array([[0, 10, 20]]), np.arange(4), ONE, 2, torch.uint8) is not None


def test_a_line_that_float32_rounds_across_a_step_is_not_taken() -> None:
    wide = ChannelRange(np.array([0]), np.array([1 << 24]))
    edges = np.array([[(1 << 23) + 1, (1 << 23) + 2]])
    assert line(edges, np.arange(3), wide, 2, torch.uint8) is None
    beyond = ChannelRange(np.array([0]), np.array([(1 << 24) + 1]))
    assert line(np.array([[5, 9]]), np.arange(3), beyond, 2, torch.uint8) is None


def test_a_step_moved_by_one_gives_another_line_or_none() -> None:
    edges, levels = np.array([[-20, -10, 0, 10, 20]]), np.arange(6)
    form = line(edges, levels, ONE, 2, torch.uint8)
    assert form is not None and is_right(form, edges, levels, ONE)
    assert not is_right(form, edges + np.array([[0, 0, 1, 0, 0]]), levels, ONE)
