"""Every form of a quantiser against its definition, on every integer that can come."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.golden import staircase as staircases
from twofold.golden.staircase import (
    Balance,
    Count,
    IntegerRounding,
    Rounding,
    Search,
    Table,
    rounding,
    staircase,
)
from twofold.network.graph import Tensor
from twofold.network.ops import Requantise, Threshold
from twofold.network.ranges import ChannelRange
from twofold.network.rounding import requantise
from twofold.network.thresholds import ALWAYS, NEVER
from twofold.network.types import IntArray, IntType

VECTOR, NARROW, BYTE = (Tensor("x", (1,), IntType(True, bits)) for bits in (60, 15, 8))


def values_of(form: Callable[[torch.Tensor], torch.Tensor], x: IntArray) -> IntArray:
    """x: [N, C]."""
    found = form(torch.tensor(x, dtype=torch.float64))
    return found.numpy().astype(np.int64)


def every_value(range_: ChannelRange) -> IntArray:
    """[N, C]: each channel from its least to its greatest value, the shorter ones repeated at the end."""
    length = int((range_.hi - range_.lo).max()) + 1
    return np.minimum(range_.lo + np.arange(length)[:, None], range_.hi)


def multiplied(multiplier: list[int], shift: list[int], bounds: tuple[int, int]) -> Requantise:
    return Requantise("q", ("x",), "y", np.array(multiplier), np.array(shift), bounds)


def defined(op: Requantise, x: IntArray, zero_point: int = 0) -> IntArray:
    return requantise(x, op.multiplier, op.shift, zero_point, op.bounds)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 20), st.integers(-3000, 0), st.integers(0, 3000)),
        min_size=1,
        max_size=4,
    ),
    st.integers(-20, 20),
    st.integers(1, 300),
)
def test_rounding_equals_its_definition(
    channels: list[tuple[int, int, int, int]], zero_point: int, codes: int
) -> None:
    multiplier, shift, lo, hi = (list(column) for column in zip(*channels, strict=True))
    op = multiplied(multiplier, shift, (zero_point - 5, zero_point + codes))
    range_ = ChannelRange(np.array(lo), np.array(hi))
    x = every_value(range_)
    form = rounding(op, zero_point, range_, 2, torch.float32)
    assert np.array_equal(values_of(form, x), defined(op, x, zero_point))


WIDE = ChannelRange(np.array([-(2**24)]), np.array([2**24]))


def test_float32_is_taken_where_no_product_is_rounded() -> None:
    form = rounding(multiplied([2**15], [30], (-500, 500)), 0, WIDE, 2, torch.float32)
    assert isinstance(form, Rounding) and form.scale.dtype == torch.float32


def test_float32_is_taken_where_rounded_products_keep_their_side_of_every_tie() -> None:
    range_ = ChannelRange(np.array([-(2**14)]), np.array([2**14]))
    op = multiplied([65535], [24], (-128, 127))
    form = rounding(op, 0, range_, 2, torch.float64)
    assert isinstance(form, Rounding) and form.scale.dtype == torch.float32
    x = every_value(range_)
    assert np.array_equal(values_of(form, x), defined(op, x))


def test_float32_is_refused_where_a_rounded_product_reaches_a_tie() -> None:
    op = multiplied([6563], [25], (0, 3))
    x = np.array([[7669]])  # 6563 · 7669 is one less than a tie, 1.5 · 2^25, and float32 rounds it up to it
    in_float32 = Rounding(torch.tensor([[6563 * 2.0**-25]]), 0, op.bounds, torch.float32)
    assert (values_of(in_float32, x).item(), defined(op, x).item()) == (2, 1)
    form = rounding(op, 0, ChannelRange(np.array([0]), np.array([9000])), 2, torch.uint8)
    assert isinstance(form, Rounding) and form.scale.dtype == torch.float64
    assert values_of(form, x).item() == 1


def test_products_beyond_53_bits_are_integers() -> None:
    range_ = ChannelRange(np.array([-(2**45)]), np.array([2**45]))
    op = multiplied([65535], [1], (-(2**52), 2**52))
    form = rounding(op, 0, range_, 2, torch.float64)
    assert isinstance(form, IntegerRounding)
    x = np.array([[2**34 + 1], [-(2**34) - 1], [2**45 - 1], [3], [-1]])
    assert np.array_equal(values_of(form, x), defined(op, x))


def counted(op: Threshold, x: IntArray) -> IntArray:
    return op.levels[(x[..., None] >= op.thresholds).sum(axis=-1)]


@st.composite
def thresholds(draw: st.DrawFn) -> tuple[Threshold, ChannelRange]:
    channels, steps = draw(st.integers(1, 4)), draw(st.integers(0, 17))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = np.sort(random.integers(-900, 900, (channels, steps)), axis=1)
    if steps > 3:
        rows[0, 0], rows[-1, -1] = ALWAYS, NEVER
    levels = np.sort(random.integers(-(10 ** draw(st.integers(1, 6))), 200, steps + 1))
    ends = np.sort(random.integers(-1200, 1200, (2, channels)), axis=0)
    return Threshold("t", ("x",), "y", rows, levels), ChannelRange(ends[0], ends[1])


@settings(max_examples=50, deadline=None)
@given(thresholds())
def test_a_table_and_a_search_equal_the_count(case: tuple[Threshold, ChannelRange]) -> None:
    op, range_ = case
    x = every_value(range_)
    for entries, kind in ((staircases.TABLE_ENTRIES, Table), (0, Search)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(staircases, "FEW_THRESHOLDS", 0)
            patch.setattr(staircases, "line", lambda *arguments: None)
            patch.setattr(staircases, "TABLE_ENTRIES", entries)
            form = staircase(op, range_, VECTOR, torch.float32)
        assert isinstance(form, kind)
        assert np.array_equal(values_of(form, x), counted(op, x))


@pytest.mark.parametrize("result", [torch.int8, torch.float32])
@pytest.mark.parametrize("operand", [BYTE, NARROW, VECTOR], ids=["int8", "int15", "int60"])
@pytest.mark.parametrize(
    "levels", [[5], [-1, 1], [0, 1, 2, 3], [-128, -43, 42, 127], [-1, 0, 1], [-2, -1, 0, 1], [-3, -2, -1, 0]]
)
def test_few_thresholds_are_counted(levels: list[int], operand: Tensor, result: torch.dtype) -> None:
    random = np.random.default_rng(0)
    rows = np.sort(random.integers(-40, 40, (5, len(levels) - 1)), axis=1)
    op = Threshold("t", ("x",), "y", rows, np.array(levels))
    range_ = ChannelRange(np.full(5, -30), np.full(5, 35))
    form = staircase(op, range_, operand, result)
    assert isinstance(form, Count | Balance) == (result == torch.int8)
    x = every_value(range_)
    assert form(torch.tensor(x, dtype=torch.float32)).dtype == result
    assert np.array_equal(values_of(form, x), counted(op, x))


def test_a_threshold_behind_the_last_byte_is_compared_in_more_bits() -> None:
    for type_, dtype in ((IntType(True, 8), torch.int8), (IntType(False, 8), torch.int16)):
        for last, wider in ((type_.hi, dtype), (type_.hi + 1, torch.int16)):
            op = Threshold("t", ("x",), "y", np.array([[0, last]]), np.array([-1, 0, 1]))
            range_ = ChannelRange(np.array([type_.lo]), np.array([type_.hi]))
            form = staircase(op, range_, Tensor("x", (1,), type_), torch.int8)
            assert isinstance(form, Balance) and form.above[0].dtype == wider
            x = every_value(range_)
            assert np.array_equal(values_of(form, x), counted(op, x))


def test_thresholds_that_are_the_same_in_every_channel_are_one() -> None:
    op = Threshold("t", ("x",), "y", np.array([[-3, -3, 2, 2], [1, 1, 1, 5]]), np.array([-2, 0, 1, 3, 4]))
    range_ = ChannelRange(np.full(2, -9), np.full(2, 9))
    form = staircase(op, range_, NARROW, torch.int8)
    assert isinstance(form, Table) and len(op.levels) == 5
    x = every_value(range_)
    assert np.array_equal(values_of(form, x), counted(op, x))
    bipolar = Threshold("t", ("x",), "y", np.array([[-3, -3], [1, 1]]), np.array([-1, 0, 1]))
    form = staircase(bipolar, range_, NARROW, torch.int8)
    assert isinstance(form, Count) and len(form.thresholds) == 1 and form.step == 2
    assert np.array_equal(values_of(form, x), counted(bipolar, x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_ends_of_a_byte_come_through(dtype: torch.dtype) -> None:
    for result, lo in ((torch.uint8, 0), (torch.int8, -128)):
        op = Threshold("t", ("x",), "y", np.arange(1, 256)[None], np.arange(lo, lo + 256))
        form = staircase(op, ChannelRange(np.array([0]), np.array([255])), VECTOR, result)
        found = form(torch.arange(256, dtype=dtype)[:, None])
        assert found.dtype == result and found.flatten().tolist() == list(range(lo, lo + 256))
        op_ = multiplied([1], [0], (lo, lo + 255))
        rounded = rounding(op_, 0, ChannelRange(np.array([-400]), np.array([400])), 2, result)
        x = np.arange(-400, 401)[:, None]
        assert np.array_equal(values_of(rounded, x), defined(op_, x))


def test_thresholds_of_millions_are_searched() -> None:
    op = Threshold("t", ("x",), "y", np.array([[-(2**30), 2**40]]), np.array([-7, 0, 9]))
    range_ = ChannelRange(np.array([-(2**41)]), np.array([2**41]))
    form = staircase(op, range_, VECTOR, torch.int8)
    assert isinstance(form, Search)
    x = np.array([[-(2**30) - 1], [-(2**30)], [2**40 - 1], [2**40]])
    assert values_of(form, x).tolist() == [[-7], [0], [0], [9]]
