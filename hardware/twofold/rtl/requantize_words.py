"""The parameters of requantisation as memory words: the software half of `Requantiser`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twofold.errors import UserError
from twofold.network.rounding import MULTIPLIER_BITS, SHIFT_MAX
from twofold.network.types import IntArray
from twofold.rtl.mac.interface import pack

FIELD_BITS = 32
"""Of a parameter word, for each lane."""


@dataclass(frozen=True)
class RequantiseWords:
    """Parameter words of a `Requantiser`, at most `count` = 2^threshold_bits for each block of lanes."""

    lanes: int
    acc_bits: int = 24
    threshold_bits: int = 4

    @property
    def count(self) -> int:
        return 1 << self.threshold_bits

    def multipliers(self, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> list[int]:
        """multiplier, shift: [lanes], 0 ≤ multiplier < 2^16, 0 ≤ shift ≤ 47 → the one word that is read.

        Raises UserError for values out of range.
        """
        factors, shifts = np.asarray(multiplier, np.int64), np.asarray(shift, np.int64)
        _expect_within("multipliers", factors, 0, (1 << MULTIPLIER_BITS) - 1)
        _expect_within("shifts", shifts, 0, SHIFT_MAX)
        return [pack(factors | shifts << MULTIPLIER_BITS, FIELD_BITS)]

    def thresholds(self, thresholds: npt.ArrayLike) -> list[int]:
        """thresholds: [lanes, T], ascending along T, T < 2^threshold_bits.

        Thresholds that no accumulator reaches, and unused places, hold the greatest accumulator: sums
        must stay below 2^(acc_bits − 1) − 1, which range analysis shows. Raises UserError for too many
        thresholds and for unordered ones.
        """
        steps = np.asarray(thresholds, np.int64)
        if steps.shape[1] >= self.count:
            raise UserError(f"expected at most {self.count - 1} thresholds a channel, got {steps.shape[1]}")
        if np.any(np.diff(steps, axis=1) < 0):
            raise UserError("expected thresholds in ascending order")
        low, high = -(1 << (self.acc_bits - 1)), (1 << (self.acc_bits - 1)) - 1
        words = np.full((self.count, self.lanes), high)
        words[0] = 0
        words[1 : steps.shape[1] + 1] = np.clip(steps, low, high).T
        return [pack(word, FIELD_BITS) for word in words]

    def levels(self, levels: npt.ArrayLike) -> list[int]:
        """levels: [T + 1] codes, −128 to 255 → [2^threshold_bits], the last one repeated."""
        codes = np.asarray(levels, np.int64)
        if not 1 <= codes.size <= self.count:
            raise UserError(f"expected 1 to {self.count} levels, got {codes.size}")
        _expect_within("levels", codes, -128, 255)
        return [int(code) & 0xFF for code in np.pad(codes, (0, self.count - codes.size), mode="edge")]


def _expect_within(what: str, values: IntArray, low: int, high: int) -> None:
    wrong = values[(values < low) | (values > high)]
    if wrong.size:
        raise UserError(f"expected {what} in [{low}, {high}], found {wrong[0]}")
