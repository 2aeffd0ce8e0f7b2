"""How tiles share layers: which splits a stage allows, and the instructions that it takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Add, Conv2d, Requantise, Threshold
from twofold.plan.maps import Map
from twofold.plan.split import Split, Work, splits, works
from twofold.plan.stages import Body, Stage, stages
from twofold.rtl.geometry import Geometry

EIGHT = Geometry(lanes=8, tiles=8, weight_banks=4)
SIXTEEN = Geometry(lanes=8, tiles=16, weight_banks=16)


def map_of(name: str, size: tuple[int, int, int]) -> Map:
    return Map(name, *size, signed=False, bits=8, zero_point=0)


def stage(body: Body, *operands: Map, result: tuple[int, int, int]) -> Stage:
    ones = np.ones(result[0])
    quantiser = Requantise("q", ("s",), "y", multiplier=ones, shift=ones, bounds=(0, 9))
    return Stage("y", body, quantiser, operands, map_of("s", result), map_of("y", result))


def convolution(source: tuple[int, int, int], result: tuple[int, int, int], stride: int) -> Stage:
    weight, bias = np.ones((result[0], source[0], 3, 3)), np.zeros(result[0])
    body = Conv2d("c", ("x",), "s", weight=weight, bias=bias, stride=(stride, stride), padding=(1, 1, 1, 1))
    return stage(body, map_of("x", source), result=result)


def test_a_convolution_is_split_into_bands_and_blocks() -> None:
    assert list(splits(convolution((16, 32, 32), (24, 32, 32), 1), EIGHT)) == [
        Split(8, 1, 1, 4),
        Split(4, 2, 2, 8),
        Split(2, 4, 3, 16),
        Split(1, 8, 3, 32),
    ]


def test_halved_rows_keep_their_bands() -> None:
    assert [split.bands for split in splits(convolution((8, 16, 16), (8, 8, 8), 2), EIGHT)] == [8, 4, 2, 1]
    assert [split.bands for split in splits(convolution((8, 7, 7), (8, 4, 4), 2), EIGHT)] == [4, 2, 1]


def test_rows_that_do_not_lie_like_the_banks_are_one_band() -> None:
    assert list(splits(convolution((8, 10, 10), (64, 7, 7), 1), EIGHT)) == [Split(1, 8, 4, 7)]


def test_multipliers_are_where_they_are() -> None:
    wide = convolution((16, 32, 32), (24, 32, 32), 1)
    assert list(splits(wide, replace(EIGHT, full_tiles=1))) == [Split(1, 8, 1, 32)]
    assert list(splits(wide, replace(EIGHT, full_tiles=2))) == [Split(1, 8, 2, 32)]


def test_additions_need_no_weights() -> None:
    maps = (map_of("a", (80, 8, 8)), map_of("b", (80, 8, 8)))
    added = stage(Add("add", ("a", "b"), "s"), *maps, result=(80, 8, 8))
    assert list(splits(added, EIGHT)) == [
        Split(8, 1, 1, 1),
        Split(4, 2, 2, 2),
        Split(2, 4, 4, 4),
        Split(1, 8, 8, 8),
    ]


def test_no_more_blocks_at_a_time_than_get_their_biases() -> None:
    """A bias comes each cycle: eight before the first sums of an addition, five between two of its groups."""
    maps = (map_of("a", (136, 1, 1)), map_of("b", (136, 1, 1)))
    added = stage(Add("add", ("a", "b"), "s"), *maps, result=(136, 1, 1))
    assert list(splits(added, SIXTEEN)) == [Split(1, 16, 8, 1)]
    assert list(splits(added, replace(SIXTEEN, full_tiles=1))) == [Split(1, 16, 1, 1)]
    biased = replace(added, bias=np.arange(136))
    assert list(splits(biased, SIXTEEN)) == [Split(1, 16, 4, 1)]
    wide = convolution((8, 1, 1), (136, 1, 1), 1)
    assert list(splits(wide, SIXTEEN)) == [Split(1, 16, 8, 1)]
    lean = replace(SIXTEEN, full_tiles=8)
    found = [split.blocks for part in (added, wide) for split in splits(thresholds(part), lean)]
    assert found == [16, 16]


def thresholds(part: Stage) -> Stage:
    rows = np.tile(np.arange(15), (part.sums.channels, 1))
    return replace(part, quantiser=Threshold("q", ("s",), "y", thresholds=rows, levels=np.arange(16)))


def test_sums_that_stay_are_tile_0s(network: Network) -> None:
    last = stages(network)[-1]
    assert list(splits(last, EIGHT)) == [Split(1, 8, 1, 1)]
    assert list(works(last, Split(1, 8, 1, 1), replace(EIGHT, sum_words=16))) == [
        Work(Split(1, 8, 1, 1), 0, 1, 0, 2)
    ]


def test_instructions_cover_all_rows_with_sums_that_fit() -> None:
    whole, split = convolution((10, 17, 10), (9, 17, 10), 1), Split(1, 1, 1, 17)
    found = list(works(whole, split, Geometry(sum_words=64)))
    assert found == [Work(split, 0, 6, 0, 2), Work(split, 6, 6, 0, 2), Work(split, 12, 5, 0, 2)]


def test_groups_smaller_than_the_tiles_are_instructions() -> None:
    whole, split = convolution((8, 1, 1), (70, 1, 1), 1), Split(1, 8, 4, 1)
    assert list(works(whole, split, EIGHT)) == [Work(split, 0, 1, group, 1) for group in range(3)]


def test_groups_at_equal_distances_are_one_instruction() -> None:
    whole, split = convolution((8, 1, 1), (60, 1, 1), 1), Split(1, 8, 2, 1)
    assert list(works(whole, split, EIGHT)) == [Work(split, 0, 1, 0, 4)]


def test_rows_and_results_longer_than_the_memory_of_sums_are_refused() -> None:
    whole = convolution((10, 17, 30), (9, 17, 30), 1)
    with pytest.raises(NetworkError, match="y: output width: expected at most 16 columns, found 30"):
        list(works(whole, Split(1, 1, 1, 17), Geometry(sum_words=16)))
    sums = replace(whole, quantiser=None)
    with pytest.raises(NetworkError, match="y: sums: expected at most 512 words, found 1020"):
        list(works(sums, Split(1, 1, 1, 17), Geometry(sum_words=512)))
