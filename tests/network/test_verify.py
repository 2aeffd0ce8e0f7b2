"""Each rule, broken once, with the exact words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from twofold.network.dyadic import Dyadic
from twofold.network.errors import NetworkError
from twofold.network.graph import Tensor
from twofold.network.ops import Flatten, Op
from twofold.network.types import IntType
from twofold.network.verify import verify


def message(network) -> str:
    with pytest.raises(NetworkError) as caught:
        verify(network)
    return str(caught.value)


def test_a_valid_network_is_returned(network):
    assert verify(network) is network


@pytest.mark.parametrize(
    "op, fields, expected",
    [
        ("conv", {"bias": [1]}, "conv: bias: expected shape [2], found [1]"),
        ("conv", {"weight": np.ones((2, 2))}, "conv: weight: expected shape [O, C, K_h, K_w], found [2, 2]"),
        ("conv", {"groups": 2}, "conv: weight: expected 2 input channels in 2 groups, found [2, 2]"),
        (
            "conv",
            {"stride": (0, 1)},
            "conv: geometry: expected stride, dilation ≥ 1, padding ≥ 0, found ((0, 1), (1, 1), (1, 1, 1, ",
        ),
        ("conv", {"padding": (0, 0, 0, 0)}, "conv: output shape: expected [2, 2, 2], found [2, 4, 4]"),
        (
            "conv",
            {"dilation": (3, 3)},
            "conv: output: expected at least one window along each axis, found [2, 0, 0]",
        ),
        (
            "conv",
            {"weight": np.full((2, 2, 3, 3), 2**52)},
            "conv: accumulator: expected values below 2^53, found ",
        ),
        ("branch", {"multiplier": [1]}, "branch: multiplier: expected shape [2], found [1]"),
        (
            "branch",
            {"multiplier": [1, 1 << 16]},
            "branch: multiplier: expected 0 to 65535, found 1 to 65536",
        ),
        ("branch", {"multiplier": [-1, 2]}, "branch: multiplier: expected 0 to 65535, found -1 to 2"),
        ("branch", {"shift": [0, 48]}, "branch: shift: expected 0 to 47, found 0 to 48"),
        (
            "branch",
            {"bounds": (0, 16)},
            "branch: bounds: expected a range inside uint4(2^-1) with its zero point, found (0, 16)",
        ),
        (
            "branch",
            {"bounds": (1, 15)},
            "branch: bounds: expected a range inside uint4(2^-1) with its zero point, found (1, 15)",
        ),
        ("add", {"shifts": (0, 0)}, "add: shifts: expected scale 2^-2 of the sum, found 1/2 from branch"),
        ("add", {"shifts": (-1, 0)}, "add: shifts: expected 0 to 47, found (-1, 0)"),
        ("add", {"shifts": (10**9, 0)}, "add: shifts: expected 0 to 47, found (1000000000, 0)"),
        ("add", {"inputs": ("branch",)}, "add: inputs: expected 2 operand(s), found ('branch',)"),
        ("add", {"inputs": ("branch", "fc")}, "add: inputs: expected tensors computed before, found fc"),
        ("add", {"inputs": ("branch", "nil")}, "add: inputs: expected tensors computed before, found nil"),
        ("act", {"thresholds": [[2, 9]]}, "act: thresholds: expected shape [2, T], found [1, 2]"),
        (
            "act",
            {"thresholds": [[9, 2], [4, 20]]},
            "act: thresholds: expected ascending values in each channel, ",
        ),
        ("act", {"levels": [0, 3]}, "act: levels: expected one more than the 2 thresholds, found [2]"),
        ("act", {"levels": [0, 3, 1]}, "act: levels: expected ascending values, found [0, 3, 1]"),
        (
            "act",
            {"levels": [0, 3, 16]},
            "act: output type: expected a type that holds (0, 16), found uint4(2^-2)",
        ),
        ("pool", {"stride": (0, 2)}, "pool: geometry: expected kernel, stride ≥ 1, found ((2, 2), (0, 2))"),
        (
            "pool",
            {"padding": (2, 0, 0, 0)},
            "pool: padding: expected 0 to less than the kernel (2, 2), found (2, 0, 0, 0)",
        ),
        (
            "pool",
            {"padding": (-1, 0, 0, 0)},
            "pool: padding: expected 0 to less than the kernel (2, 2), found (-1",
        ),
        ("sum", {"kernel": (0, 2)}, "sum: geometry: expected kernel, stride ≥ 1, found ((0, 2), (2, 2))"),
        (
            "sum",
            {"kernel": (3, 3)},
            "sum: output: expected at least one window along each axis, found [2, 0, 0]",
        ),
        ("fc", {"weight": np.ones((3, 3))}, "fc: weight: expected shape [O, C] with C of [2], found [3, 3]"),
        ("fc", {"bias": [1, 2]}, "fc: bias: expected shape [3], found [2]"),
        ("fc", {"name": "conv"}, "conv: name: expected a name of its own, found another op of this name"),
        ("fc", {"output": "flat"}, "fc: output: expected a tensor that no other op writes, found flat"),
        ("fc", {"output": "nil"}, "fc: output: expected a tensor that no other op writes, found nil"),
    ],
)
def test_ops(network, with_op, op, fields, expected):
    arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in fields.items()}
    assert message(with_op(network, op, **arrays)).startswith(expected)


@pytest.mark.parametrize(
    "tensor, fields, expected",
    [
        (
            "x",
            {"shape": (2, 4)},
            "x: shape: expected [C, H, W] or [C] with 1 to 16777216 elements, found [2, 4]",
        ),
        (
            "x",
            {"shape": (2, 0, 4)},
            "x: shape: expected [C, H, W] or [C] with 1 to 16777216 elements, found [2, 0, 4]",
        ),
        (
            "x",
            {"shape": (1 << 30,)},
            "x: shape: expected [C, H, W] or [C] with 1 to 16777216 elements, found ",
        ),
        ("x", {"bits": 60}, "x: input type: expected at most 53 bits, found uint60(2^-2)"),
        ("conv", {"bits": 6}, "conv: output type: expected a type that holds (-177, 176), found int6(2^-6)"),
        ("add", {"zero_point": 3}, "add: zero point: expected 0, found 3"),
        ("pool", {"bits": 5}, "pool: output type: expected uint4(2^-2), found uint5(2^-2)"),
        ("sum", {"scale": Dyadic(1, 3)}, "sum: output scale: expected 2^-2, found 2^-3"),
        ("sum", {"zero_point": 1}, "sum: zero point: expected 0, found 1"),
        ("flat", {"bits": 5}, "flat: output type: expected uint4(2^-2), found uint5(2^-2)"),
        ("fc", {"shape": (4,)}, "fc: output shape: expected [3], found [4]"),
    ],
)
def test_tensors(network, with_tensor, tensor, fields, expected):
    assert message(with_tensor(network, tensor, **fields)).startswith(expected)


def test_names_of_input_and_output(network):
    assert message(replace(network, input_name="nil")) == (
        "residual: input and output: expected names of tensors, found ('nil', 'fc')"
    )
    spare = {**network.tensors, "spare": Tensor("spare", (1,), IntType(False, 1))}
    assert message(replace(network, tensors=spare)) == (
        "residual: tensors: expected tensors that an op writes, found spare"
    )
    assert message(replace(network, tensors=spare, output_name="spare")) == (
        "residual: output: expected a tensor that an op writes, found spare"
    )


def test_ops_of_another_kind(network):
    @dataclass(frozen=True, eq=False)
    class Softmax(Op):
        """Not one of ours."""

    ops = (*network.ops[:-1], Softmax("fc", ("flat",), "fc"))
    assert message(replace(network, ops=ops)) == (
        "fc: op: expected one of Conv2d, Linear, Add, Concat, MaxPool2d, SumPool2d, Upsample2d, Flatten, "
        "Requantise, Threshold, WeightedAdd, found Softmax"
    )


def test_convolutions_of_vectors(network):
    ops = (Flatten("early", ("x",), "flat"), replace(network.ops[0], inputs=("flat",)))
    tensors = {name: network.tensors[name] for name in ("x", "conv")}
    tensors["flat"] = replace(network.tensors["flat"], shape=(32,))
    broken = replace(network, ops=ops, tensors=tensors, output_name="conv")
    assert message(broken) == "conv: input: expected a feature map [C, H, W], found [32]"
