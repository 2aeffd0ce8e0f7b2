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
LEVEL_BIT = 24
"""Place of a level in a parameter word's field, above a threshold or a multiplier and its shift."""


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
        """multiplier, shift: [lanes], 0 ≤ multiplier < 2^16, 0 ≤ shift ≤ 47. → the one word
        that is read.

        Raises UserError for values out of range.
        """
        factors, shifts = np.asarray(multiplier, np.int64), np.asarray(shift, np.int64)
        _expect_within("multipliers", factors, 0, (1 << MULTIPLIER_BITS) - 1)
        _expect_within("shifts", shifts, 0, SHIFT_MAX)
        return [pack(factors | shifts << MULTIPLIER_BITS, FIELD_BITS)]

    def thresholds(self, thresholds: npt.ArrayLike, levels: npt.ArrayLike) -> list[int]:
        """thresholds: [lanes, T] ascending, T < 2^threshold_bits; levels: [T + 1], −128 to 255.

        A threshold above every accumulator is never reached, one below always; both are carried
        exactly. Raises UserError for more thresholds than the hardware holds and for unordered ones.
        """
        steps, codes = np.asarray(thresholds, np.int64), np.asarray(levels, np.int64)
        if steps.shape[1] >= self.count or codes.shape != (steps.shape[1] + 1,):
            raise UserError(
                f"expected at most {self.count - 1} thresholds and one level more than thresholds, "
                f"got {steps.shape[1]} and {codes.size}"
            )
        if np.any(np.diff(steps, axis=1) < 0):
            raise UserError("expected thresholds in ascending order")
        _expect_within("levels", codes, -128, 255)
        per_lane = [self._lane(row, codes) for row in steps]
        return [pack(fields, FIELD_BITS) for fields in zip(*per_lane, strict=True)]

    def _lane(self, steps: IntArray, codes: IntArray) -> list[int]:
        """The fields of one lane: level 0, then each threshold with the level it leads to."""
        low, high = -(1 << (self.acc_bits - 1)), (1 << (self.acc_bits - 1)) - 1
        # Steps that no accumulator reaches are padded with the greatest one, which would be reached by
        # it: the level stays that of the last real step.
        reachable = steps[steps <= high]
        padded = np.full(self.count - 1, high)
        padded[: reachable.size] = np.maximum(reachable, low)
        outputs = np.full(self.count, codes[reachable.size])
        outputs[: reachable.size + 1] = codes[: reachable.size + 1]
        mask = (1 << LEVEL_BIT) - 1
        return [
            (int(level) & 0xFF) << LEVEL_BIT | int(step) & mask
            for level, step in zip(outputs, np.concatenate(([0], padded)), strict=True)
        ]


def _expect_within(what: str, values: IntArray, low: int, high: int) -> None:
    wrong = values[(values < low) | (values > high)]
    if wrong.size:
        raise UserError(f"expected {what} in [{low}, {high}], found {wrong[0]}")
