"""Where joined tensors lie."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Concat, Conv2d, Flatten, MaxPool2d, Op
from twofold.network.types import IntType
from twofold.plan.arrange import Arrangement, arrange
from twofold.plan.maps import Map, View
from twofold.plan.memory.banks import BankLayout

UINT8 = IntType(False, 8)


def pool(name: str, source: str) -> Op:
    return MaxPool2d(name, (source,), name, kernel=(1, 1), stride=(1, 1))


def network(*ops: Op, side: int = 4, **channels: int) -> Network:
    """Maps of 8 bits by their channels; the last op writes the output."""
    tensors = [Tensor(name, (count, side, side), UINT8) for name, count in channels.items()]
    return Network.of("n", tensors, ops, "x", ops[-1].output)


def places(found: Arrangement) -> dict[str, tuple[str, int, int]]:
    return {name: (view.buffer, view.first, view.channels) for name, view in found.views.items()}


def test_operands_begin_at_blocks_of_their_own() -> None:
    ops = (pool("a", "x"), Concat("both", ("x", "a"), "both"), pool("y", "both"), pool("end", "x"))
    found = arrange(network(*ops, x=9, a=9, both=18, y=18, end=9), lanes=8, tiles=1)
    assert places(found) == {
        "x": ("both", 0, 9), "a": ("both", 2, 9), "both": ("both", 0, 25), "y": ("y", 0, 25),
    }  # fmt: skip
    assert found.views["both"].held == (*range(9), *range(16, 25))


def test_blocks_that_share_an_address_are_not_divided() -> None:
    """Two rows in eight banks: four blocks lie at one address."""
    ops = (pool("a", "x"), Concat("both", ("x", "a"), "both"), pool("end", "x"))
    found = arrange(network(*ops, side=2, x=8, a=8, both=16, end=8), lanes=8, tiles=8)
    assert BankLayout(2, 2, 8).fold == found.views["a"].first == 4


def test_what_was_joined_before_is_a_part_of_the_longest() -> None:
    ops = (
        *(pool("a", "x"), Concat("two", ("x", "a"), "two")),
        *(pool("b", "a"), Concat("three", ("x", "a", "b"), "three")),
        *(pool("c", "a"), Concat("four", ("three", "c"), "four")),
    )
    sizes = {"x": 8, "a": 8, "two": 16, "b": 8, "three": 24, "c": 8, "four": 32}
    found = arrange(network(*ops, **sizes), lanes=8, tiles=1)
    assert len(found.network.ops) == len(ops)
    assert {buffer for buffer, _, _ in places(found).values()} == {"four"}


@pytest.mark.parametrize("inputs", [("a", "x"), ("x", "x"), ("two", "a"), ("x", "x", "x"), ("two", "two")])
def test_what_cannot_be_in_two_places_is_copied(inputs: tuple[str, ...]) -> None:
    ops = (
        *(pool("a", "x"), Concat("two", ("x", "a"), "two"), pool("end", "two")),
        *(Concat("other", inputs, "other"), pool("y", "other")),
    )
    sizes = {"x": 8, "a": 8, "two": 16, "end": 16}
    total = sum(sizes[name] for name in inputs)
    found = arrange(network(*ops, **sizes, other=total, y=total), lanes=8, tiles=1)
    copies = [op for op in found.network.ops if op not in ops and op.kind == "MaxPool2d"]
    assert copies
    views = found.views
    for op in found.network.ops:
        if isinstance(op, Concat):
            starts = [views[name].first - views[op.output].first for name in op.inputs]
            assert {views[name].buffer for name in op.inputs} == {views[op.output].buffer}
            assert starts == sorted(set(starts))


def test_operands_of_an_addition_begin_in_one_bank() -> None:
    ops = (
        *(pool("a", "x"), Concat("two", ("x", "a"), "two"), pool("b", "two"), pool("c", "x")),
        *(Add("sum", ("a", "c"), "sum"), pool("y", "sum")),
    )
    sizes = {"x": 8, "a": 8, "two": 16, "b": 16, "c": 8, "sum": 8, "y": 8}
    assert [op.name for op in arrange(network(*ops, **sizes), 8, 1).network.ops] == [op.name for op in ops]
    (copy,) = [op for op in arrange(network(*ops, **sizes), 8, 2).network.ops if op.name not in sizes]
    assert copy.inputs == ("a",)


def test_gaps_in_an_output_or_one_operand_are_refused() -> None:
    joined = Concat("y", ("x", "a"), "y")
    with pytest.raises(NetworkError, match="y: inputs: expected joined tensors of multiples of 8 channels"):
        arrange(network(pool("a", "x"), joined, x=9, a=9, y=18), lanes=8, tiles=1)
    arrange(network(pool("a", "x"), joined, x=8, a=9, y=17), lanes=8, tiles=1)
    narrow = [
        Conv2d(name, ("x",), name, weight=np.zeros((9, 18, 1, 1)), bias=np.zeros(9)) for name in ("a", "b")
    ]
    ops = (*narrow, Concat("two", ("a", "b"), "two"), Add("sum", ("two", "x"), "sum"), pool("end", "x"))
    with pytest.raises(NetworkError, match="sum: inputs: expected joined tensors of multiples of 8 channels"):
        arrange(network(*ops, x=18, a=9, b=9, two=18, sum=18, end=18), lanes=8, tiles=1)


def test_flattened_maps_are_not_joined() -> None:
    tensors = [Tensor("x", (2, 2, 2), UINT8), Tensor("flat", (8,), UINT8), Tensor("y", (16,), UINT8)]
    ops = [Flatten("flatten", ("x",), "flat"), Concat("join", ("flat", "flat"), "y")]
    with pytest.raises(NetworkError, match="join: inputs: expected maps, or vectors of one pixel"):
        arrange(Network.of("n", tensors, ops, "x", "y"), lanes=8, tiles=1)


def test_numbers_of_channels_are_spread_over_the_gaps() -> None:
    map_ = Map.of(Tensor("x", (3, 1, 1), UINT8), View("y", 1, (0, 1, 8), 9))
    assert map_.spread(np.array([1, 2, 3]), gap=7).tolist() == [1, 2, 7, 7, 7, 7, 7, 7, 3]
    assert map_.spread(np.ones((2, 3, 1), np.int64), axis=1).shape == (2, 9, 1)
