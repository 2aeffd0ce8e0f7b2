"""The operations of a `Network`: immutable values with integer constants.

Shapes leave the batch out: a feature map is [C, H, W], a vector [C].
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from twofold.network.types import IntArray, frozen_ints


@dataclass(frozen=True, eq=False)
class Op:
    """One node. `inputs` and `output` name tensors of the network."""

    name: str
    inputs: tuple[str, ...]
    output: str

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen_ints(value))

    @property
    def kind(self) -> str:
        return type(self).__name__


@dataclass(frozen=True, eq=False)
class Conv2d(Op):
    """Exact sums of products: [C, H, W] → accumulators [O, H', W'].

    weight: [O, C / groups, K_h, K_w]; bias: [O], at the accumulator's scale.
    padding: (top, left, bottom, right), filled with the input's zero point.
    """

    weight: IntArray
    bias: IntArray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass(frozen=True, eq=False)
class Linear(Op):
    """Exact sums of products: [C] → accumulators [O]. weight: [O, C]; bias: [O]."""

    weight: IntArray
    bias: IntArray


@dataclass(frozen=True, eq=False)
class Add(Op):
    """Two operands of equal shape, shifted left to one scale and added exactly.

    The result is `(a << shifts[0]) + (b << shifts[1])`, zero points included.
    """

    shifts: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class WeightedAdd(Op):
    """Two operands of equal shape, each times a whole number, added exactly.

    The result is `a · factors[0] + b · factors[1]`, zero points included; 1 ≤ factor < 2^16. For operands
    whose scales differ by no power of two: their ratio is nearly that of the factors.
    """

    factors: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """Operands of one type, bits aside, joined along channels: [C1, H, W], [C2, H, W] → [C1 + C2, H, W]."""


@dataclass(frozen=True, eq=False)
class MaxPool2d(Op):
    """Maximum over windows, [C, H, W] → [C, H', W']. Padding never wins."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class SumPool2d(Op):
    """Exact sums over windows without padding, [C, H, W] → [C, H', W'].

    Average pooling is this and a `Requantise` or `Threshold` whose scale holds the division;
    global pooling is a window as large as the map.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Upsample2d(Op):
    """Each pixel twice along both axes, the nearest of a map of half the size: [C, H, W] → [C, 2·H, 2·W]."""


@dataclass(frozen=True, eq=False)
class Flatten(Op):
    """[C, H, W] → [C·H·W], channel first."""


@dataclass(frozen=True, eq=False)
class Requantise(Op):
    """`clamp(round_half_even(x · multiplier[c] / 2^shift[c]) + zero_point)`.

    multiplier, shift: [C], one for each channel; 0 ≤ multiplier < 2^16, 0 ≤ shift ≤ 47.
    The clamp goes to `bounds`, which lie inside the output type's range; the zero point is the
    output type's.
    """

    multiplier: IntArray
    shift: IntArray
    bounds: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """`levels[number of t with x ≥ thresholds[c, t]]`.

    thresholds: [C, T], ascending along T; levels: [T + 1], ascending. Exact for any monotone function.
    """

    thresholds: IntArray
    levels: IntArray


ALL_OPS: tuple[type[Op], ...] = (
    Conv2d, Linear, Add, Concat, MaxPool2d, SumPool2d, Upsample2d, Flatten, Requantise,
    Threshold, WeightedAdd,
)  # fmt: skip
