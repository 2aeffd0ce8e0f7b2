"""What the executor does to float32 numbers, element by element: each step rounds once, as IEEE 754 says.

Every step is monotone, rounding included, so that a row of them is: ascending or descending by the signs of
its factors. That is what a bisection over the integers before it rests on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Line = tuple[Fraction, Fraction]
"""Gain and offset of a function `gain · q + offset`."""


@dataclass(frozen=True, eq=False)
class Step:
    """source: the node, as messages call it. constant: one finite number for each channel, [C]."""

    source: str
    constant: Floats

    @property
    def signs(self) -> npt.NDArray[np.int64]:
        """-1 where the step descends, 0 where it is constant, else 1, [C]."""
        return np.ones(len(self.constant), np.int64)

    @property
    def is_uniform(self) -> bool:
        """One constant for all channels."""
        return len(set(self.constant.tolist())) == 1

    def repeated(self, times: int) -> Self:
        """For channels that each become `times` channels."""
        return replace(self, constant=np.repeat(self.constant, times))

    def __call__(self, values: Floats) -> Floats:
        """values: [C, K]."""
        raise NotImplementedError

    def ideal(self, line: Line, channel: int) -> Line:
        """The line after the step, without rounding; steps that clamp leave it."""
        return line

    @property
    def column(self) -> Floats:
        return self.constant[:, None]


class Times(Step):
    @property
    def signs(self) -> npt.NDArray[np.int64]:
        return np.sign(self.constant).astype(np.int64)

    def __call__(self, values: Floats) -> Floats:
        return values * self.column

    def ideal(self, line: Line, channel: int) -> Line:
        factor = Fraction(float(self.constant[channel]))
        return line[0] * factor, line[1] * factor


class DividedBy(Step):
    """No constant is 0."""

    @property
    def signs(self) -> npt.NDArray[np.int64]:
        return np.sign(self.constant).astype(np.int64)

    def __call__(self, values: Floats) -> Floats:
        return values / self.column

    def ideal(self, line: Line, channel: int) -> Line:
        divisor = Fraction(float(self.constant[channel]))
        return line[0] / divisor, line[1] / divisor


class Plus(Step):
    def __call__(self, values: Floats) -> Floats:
        return values + self.column

    def ideal(self, line: Line, channel: int) -> Line:
        return line[0], line[1] + Fraction(float(self.constant[channel]))


class AtLeast(Step):
    def __call__(self, values: Floats) -> Floats:
        return np.maximum(values, self.column)


class AtMost(Step):
    def __call__(self, values: Floats) -> Floats:
        return np.minimum(values, self.column)


def is_clamp(step: Step) -> bool:
    return isinstance(step, AtLeast | AtMost)
