"""How weights are written in memory, and the hardware that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from amaranth.hdl import Const, Module, Signal, Value, signed

from twofold.network.types import IntArray, width_of
from twofold.rtl.mac.interface import outside


@dataclass(frozen=True)
class Operand:
    """A decoded weight: −`value` where `negative` is high, else `value`, which is signed."""

    value: Value
    negative: Value


class WeightCode(Protocol):
    """A set of weights from `low` ≤ 0 to `high` ≥ 1 and their codes of `bits` bits."""

    @property
    def low(self) -> int:
        """The least weight."""

    @property
    def high(self) -> int:
        """The greatest weight."""

    @property
    def bits(self) -> int:
        """Width of one code in memory."""

    def refusal(self, weights: IntArray) -> str | None:
        """Why weights of any shape have no code, in words for a user; None if they have."""

    def codes(self, weights: IntArray) -> IntArray:
        """Codes of weights that are known to have one, same shape; two's complement where negative."""

    def decode(self, m: Module, code: Value, name: str) -> Operand:
        """The weight of a code, combinational; for every code that `codes` can give."""


@dataclass(frozen=True)
class TwosComplement:
    """All integers from low to high, −128 ≤ low ≤ 0 < high ≤ 127."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not -128 <= self.low <= 0 < self.high <= 127:
            raise ValueError(f"expected weights from [-128, 0] to [1, 127], got [{self.low}, {self.high}]")

    @property
    def bits(self) -> int:
        return width_of(min(self.low, -1), self.high)

    def refusal(self, weights: IntArray) -> str | None:
        return outside(weights, self.low, self.high)

    def codes(self, weights: IntArray) -> IntArray:
        return weights

    def decode(self, m: Module, code: Value, name: str) -> Operand:
        return Operand(code[: self.bits].as_signed(), Const(0))


@dataclass(frozen=True)
class SignMagnitude:
    """Weights ±magnitudes[i]: the index i, and the sign as the highest bit.

    magnitudes: ascending from 0, a power of two of them, at most 127. The code of a set with wide gaps, as
    additive powers of two have, is narrower than the weights themselves; its decoder is one LUT a bit,
    which an adder of up to two more inputs a bit absorbs.
    """

    magnitudes: tuple[int, ...]

    def __post_init__(self) -> None:
        levels = self.magnitudes
        if len(levels) < 2 or len(levels).bit_count() != 1:
            raise ValueError(f"expected 2, 4, 8 … magnitudes, got {len(levels)}")
        if levels[0] != 0 or levels[-1] > 127 or any(a >= b for a, b in pairwise(levels)):
            raise ValueError(f"expected magnitudes that ascend from 0 to at most 127, got {levels}")

    @property
    def low(self) -> int:
        return -self.magnitudes[-1]

    @property
    def high(self) -> int:
        return self.magnitudes[-1]

    @property
    def bits(self) -> int:
        return len(self.magnitudes).bit_length()

    def refusal(self, weights: IntArray) -> str | None:
        wrong = weights[~np.isin(np.abs(weights), self.magnitudes)]
        return f"expected weights ±{list(self.magnitudes)}, found {wrong[0]}" if wrong.size else None

    def codes(self, weights: IntArray) -> IntArray:
        indices = np.searchsorted(self.magnitudes, np.abs(weights)).astype(np.int64)
        return indices + np.where(weights < 0, len(self.magnitudes), 0)

    def decode(self, m: Module, code: Value, name: str) -> Operand:
        magnitude = Signal(signed(self.high.bit_length() + 1), name=name)
        with m.Switch(code[: self.bits - 1]):
            for index, level in enumerate(self.magnitudes):
                with m.Case(index):
                    m.d.comb += magnitude.eq(level)
        return Operand(magnitude, code[self.bits - 1])


INT4 = TwosComplement(-8, 7)

APOT4 = SignMagnitude((0, 1, 2, 3, 4, 6, 8, 10))
"""The 4-bit additive powers of two of Li, Dong and Wang (2020), times 10."""
