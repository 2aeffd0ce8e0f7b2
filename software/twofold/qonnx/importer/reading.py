"""Which float32 numbers the executor computes from exact integers, and when they are exact themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from twofold.network.types import IntArray
from twofold.qonnx.importer.points import Points
from twofold.qonnx.importer.steps import Floats, Step, is_clamp

SIGNIFICAND = 1 << 24
"""Multiples of one power of two up to this many are float32 numbers, and so are their sums in any order."""
_LEAST, _GREATEST = Fraction(1, 1 << 126), Fraction(1 << 127)
"""What float32 holds with all bits of its significand."""
_HALF_ULP = 2.0**-24
SAFETY = 1 + 2.0**-20
"""Covers that bounds of errors are computed in float64."""

LOWEST, MIDDLE, HIGHEST = -1, 0, 1


@dataclass(frozen=True, eq=False)
class Reading:
    """Integers q of channel c are first read as `gain[c] · q + offset[c]`, then go through `steps`.

    gain, offset: [C]. slack: [C], by how much the executor's first number may differ from the exact one; 0
    where every sum on the way is a float32 number. points: the integers that occur, where they are few enough
    to know the executor's number for each; between them, the next one's counts.
    """

    gain: tuple[Fraction, ...]
    offset: tuple[Fraction, ...]
    slack: npt.NDArray[np.float64]
    steps: tuple[Step, ...] = ()
    points: Points | None = None

    def values(self, integers: IntArray, side: int) -> Floats:
        """[C, K] → the executor's float32 numbers; side: the least, the exact or the greatest possible."""
        numbers = self._first(integers, side)
        for step in self.steps:
            numbers = step(numbers)
        return numbers

    def _first(self, integers: IntArray, side: int) -> Floats:
        """Before all steps."""
        if self.points is None:
            return self._on_line(integers, side)
        place = self.points.next(integers)
        least, most = self.points.lowest[place], self.points.highest[place]
        middle = self._on_line(self.points.integers[place], MIDDLE)
        return {LOWEST: least, MIDDLE: np.clip(middle, least, most), HIGHEST: most}[side]

    def _on_line(self, integers: IntArray, side: int) -> Floats:
        gain, offset = (np.array(numbers, np.float64)[:, None] for numbers in (self.gain, self.offset))
        return (integers * gain + offset + side * self.slack[:, None]).astype(np.float32)

    def settled(self, thresholds: IntArray) -> IntArray:
        """Thresholds moved to integers that occur."""
        return thresholds if self.points is None else self.points.settled(thresholds)

    def of(self, channels: IntArray) -> Reading:
        """That of some channels."""
        gain, offset = (tuple(numbers[c] for c in channels) for numbers in (self.gain, self.offset))
        steps = tuple(replace(step, constant=step.constant[channels]) for step in self.steps)
        return replace(self, gain=gain, offset=offset, slack=self.slack[channels], steps=steps)

    @property
    def ideal(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """(gain, offset), each [C], after all steps, without rounding or clamping."""
        lines = list(zip(self.gain, self.offset, strict=True))
        for step in self.steps:
            lines = [step.ideal(line, channel) for channel, line in enumerate(lines)]
        return tuple(gain for gain, _ in lines), tuple(offset for _, offset in lines)

    @property
    def signs(self) -> npt.NDArray[np.int64]:
        """-1, 0 or 1 for each channel: descending, constant, ascending, [C]."""
        signs = np.array([(gain > 0) - (gain < 0) for gain in self.gain], np.int64)
        for step in self.steps:
            signs = signs * step.signs
        return signs

    @property
    def is_clamped(self) -> bool:
        return any(map(is_clamp, self.steps))

    def then(self, *steps: Step) -> Reading:
        return replace(self, steps=(*self.steps, *steps))

    def repeated(self, times: int) -> Reading:
        """For channels that each become `times` channels."""
        gain, offset = (
            tuple(number for number in numbers for _ in range(times)) for numbers in (self.gain, self.offset)
        )
        steps = tuple(step.repeated(times) for step in self.steps)
        slack = np.repeat(self.slack, times)
        return replace(self, gain=gain, offset=offset, slack=slack, steps=steps)

    def turned(self, signs: IntArray) -> Reading:
        """The same numbers, read from integers times `signs` [C]."""
        return replace(self, gain=tuple(gain * int(s) for gain, s in zip(self.gain, signs, strict=True)))

    def moved(self, terms: IntArray) -> Reading:
        """The same numbers, read from integers plus `terms` [C]."""
        moved = zip(self.gain, self.offset, terms.tolist(), strict=True)
        return replace(self, offset=tuple(offset - gain * term for gain, offset, term in moved))

    def is_exact(self, magnitudes: Sequence[int]) -> bool:
        """No step rounds a number that integers up to ±magnitudes [C] can lead to; clamps are at 0."""
        clamps = [step for step in self.steps if is_clamp(step)]
        if self.slack.any() or any(step.constant.any() for step in clamps):
            return False
        kinds, _ = self.kinds(magnitudes)
        return all(self._is_exact(channel, int(magnitudes[channel])) for channel in kinds.tolist())

    def kinds(self, *columns: npt.ArrayLike) -> tuple[IntArray, IntArray]:
        """(a channel of each kind, the kind of each channel): channels of a kind have equal numbers.

        columns: more that tell channels apart, [C] each.
        """
        told_apart = [self.gain, self.offset, self.slack, *(step.constant for step in self.steps), *columns]
        table = np.stack([np.array(column, np.float64) for column in told_apart], axis=1)
        _, kinds, kind_of = np.unique(table, axis=0, return_index=True, return_inverse=True)
        return kinds, kind_of.ravel()

    def _is_exact(self, channel: int, most: int) -> bool:
        line = (self.gain[channel], self.offset[channel])
        if self.steps and not _on_one_grid(most, *line):
            return False
        for step in self.steps:
            line = step.ideal(line, channel)
            if not _on_one_grid(most, *line):
                return False
        return True


def read_as(gain: Sequence[Fraction], offset: Sequence[Fraction], slack: Sequence[float] = ()) -> Reading:
    """slack: zeros if not given."""
    slacks = np.array(slack, np.float64) if len(slack) else np.zeros(len(gain))
    return Reading(tuple(gain), tuple(offset), slacks)


def slack_of(
    gain: Sequence[Fraction], offset: Sequence[Fraction], bounds: IntArray, totals: IntArray, addends: int
) -> list[float]:
    """How far the executor's sums may be from exact ones, in any order of addition, for each channel.

    bounds: the greatest partial sum, totals: the sum of all magnitudes, both in integers, [C]. addends:
    numbers in a sum. A sum of n rounded products is off by at most γ = n·u / (1 − n·u) of the sum of all
    magnitudes, with u = 2^-24 and roundings more for its operands (Higham, Accuracy and Stability of
    Numerical Algorithms, 2nd edition, section 3.1).
    """
    unit = (addends + 4) * _HALF_ULP
    if unit >= 0.5:
        return [float("inf")] * len(gain)
    gamma = unit / (1 - unit) * SAFETY
    rows = zip(gain, offset, bounds.tolist(), totals.tolist(), strict=True)
    return [
        0.0 if _on_one_grid(most, a, b) else gamma * float(abs(a) * total + abs(b))
        for a, b, most, total in rows
    ]


def _on_one_grid(most: int, gain: Fraction, offset: Fraction) -> bool:
    """Multiples of gain up to ±most, plus the offset, are few enough steps of one power of two."""
    if not all(_is_binary(number) for number in (gain, offset)):
        return False
    steps = max(gain.denominator, offset.denominator)
    largest = abs(gain) * most + abs(offset)
    zeros = _trailing_zeros(int(gain * steps) | int(offset * steps))
    step = Fraction(1 << zeros, steps)
    return largest <= SIGNIFICAND * step and step >= _LEAST and largest <= _GREATEST


def _is_binary(number: Fraction) -> bool:
    return number.denominator & (number.denominator - 1) == 0


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1 if number else 0
