"""Which ops the engine executes together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, MaxPool2d, Requantise, SumPool2d, WeightedAdd
from twofold.network.types import IntType
from twofold.plan.maps import Map
from twofold.plan.stages import stages


def test_bodies_take_their_quantiser_along_and_flattening_vanishes(network: Network) -> None:
    found = [
        (stage.name, stage.body.name, stage.quantiser and stage.quantiser.name) for stage in stages(network)
    ]
    assert found == [
        ("left", "conv", "act"),
        ("right", "point", "scale"),
        ("joined", "add", "join"),
        ("best", "pool", "pool"),
        ("logits", "fc", None),
    ]


def test_a_linear_layer_is_a_convolution_over_the_whole_map(network: Network) -> None:
    last = stages(network)[-1]
    assert isinstance(last.body, Conv2d)
    assert last.body.weight.shape == (9, 10, 3, 2)
    assert last.operands[0].name == "best"
    assert (last.sums.channels, last.sums.pixels) == (9, 1)


def test_maxima_pass_unchanged_with_their_zero_point() -> None:
    type_ = IntType(True, 6, zero_point=-3)
    op = MaxPool2d("pool", ("x",), "y", kernel=(2, 2), stride=(1, 1))
    tensors = [Tensor("x", (2, 4, 4), type_), Tensor("y", (2, 3, 3), type_)]
    (stage,) = stages(Network.of("n", tensors, [op], "x", "y"))
    assert isinstance(stage.quantiser, Requantise)
    assert stage.quantiser.bounds == (-32, 31)
    assert (stage.offset, stage.result.zero_point) == (0, -3)


def test_a_quantiser_alone_is_a_stage() -> None:
    """What several ops read, or what no sums come before, is requantised from memory."""
    op = Requantise("r", ("x",), "y", multiplier=np.ones(2), shift=np.ones(2), bounds=(0, 9))
    type_ = IntType(False, 8)
    tensors = [Tensor("x", (2, 4, 4), type_), Tensor("y", (2, 4, 4), replace(type_, zero_point=5))]
    (stage,) = stages(Network.of("n", tensors, [op], "x", "y"))
    assert isinstance(stage.body, SumPool2d)
    assert stage.body.kernel == (1, 1)
    assert (stage.quantiser, stage.offset) == (op, 5)


def test_sums_that_are_read_twice_are_refused() -> None:
    type_, wide = IntType(False, 8), IntType(True, 20)
    ops = [
        SumPool2d("sums", ("x",), "s", kernel=(1, 1), stride=(1, 1)),
        *(
            Requantise(name, ("s",), name, multiplier=np.ones(2), shift=np.ones(2), bounds=(0, 9))
            for name in ("a", "b")
        ),
    ]
    shapes = {"x": type_, "s": wide, "a": type_, "b": type_}
    tensors = [Tensor(name, (2, 4, 4), type_) for name, type_ in shapes.items()]
    with pytest.raises(
        NetworkError, match="sums: output: expected a quantiser as the only reader of its sums"
    ):
        stages(Network.of("n", tensors, ops, "x", "b"))


def test_operands_of_free_scales_are_refused_with_a_way_out() -> None:
    type_, wide = IntType(True, 8), IntType(True, 20)
    ops = [
        WeightedAdd("join", ("x", "x"), "s", factors=(3, 512)),
        Requantise("r", ("s",), "y", multiplier=np.ones(2), shift=np.ones(2), bounds=(0, 9)),
    ]
    tensors = [Tensor(name, (2, 4, 4), type_) for name in ("x", "y")] + [Tensor("s", (2, 4, 4), wide)]
    message = r"join: factors: expected .* a power of two.* --backend hls.*, found operands times 3 and 512"
    with pytest.raises(NetworkError, match=message):
        stages(Network.of("n", tensors, ops, "x", "y"))


def test_a_vector_is_a_map_of_one_pixel() -> None:
    map_ = Map.of(Tensor("v", (7,), IntType(True, 5, zero_point=2)))
    assert (map_.channels, map_.height, map_.width, map_.signed, map_.bits, map_.zero_point) == (
        *(7, 1, 1),
        *(True, 5, 2),
    )
