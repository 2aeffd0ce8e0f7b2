"""Several weights in one wide operand, and what the sums of their products do to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from twofold.network.types import IntArray, width_of


class Boundary(StrEnum):
    """How the carries that leave a lane are counted, from what they are known to obey.

    QUADRANT: no row moves the sum below the boundary by more than a quarter of the lane's range, so that
    its two highest bits show each passage through 0 and its direction.
    PARITY: no row moves it by more than a half. The lowest bit of the lane above, less the parity of that
    lane's own products, is the true next bit of the sum: with it the lane is one bit wider.
    SIGN: activations are not negative, so that the weights alone give the direction, and no row moves the
    sum by the whole range: the lowest bit of the lane above, less its own products' parity, changes with
    each passage.
    SIGN_TWICE: the same, and no row passes 0 more than twice; the two lowest bits above count it.
    """

    QUADRANT = "quadrant"
    PARITY = "parity"
    SIGN = "sign"
    SIGN_TWICE = "sign_twice"


@dataclass(frozen=True)
class PackedLanes:
    """Weights in [low, high], lane j at bit shifts[j] of a signed operand of `operand_bits` bits.

    The operand is N = Σ w_j·2^shifts[j]. N·a, summed over `rows` products with activations in
    [activation_low, activation_high], is Q = Σ S_j·2^shifts[j] with the wanted sums S_j. Bits shifts[j] to
    shifts[j + 1] of it are the lane L_j = (S_j + H_{j−1}) mod 2^width, where the carry H_{j−1} is
    floor(Q_{j−1} / 2^shifts[j]) of Q_{j−1} = Σ_{k<j} S_k·2^shifts[k]. Hence
    S_j = H_j·2^width + L_j − H_{j−1}: sums are exact as soon as the carries are counted.
    Raises ValueError for weights that leave the operand and for lanes too narrow to count.
    """

    shifts: tuple[int, ...]
    low: int
    high: int
    activation_low: int
    activation_high: int
    rows: int
    operand_bits: int

    def __post_init__(self) -> None:
        least, greatest = self._packed_range(self.lanes - 1)
        limit = 1 << (self.operand_bits - 1)
        if least < -limit or greatest >= limit:
            raise ValueError(
                f"expected lanes at {self.shifts} to fit {self.operand_bits} bits, "
                f"[{self.low}, {self.high}] make [{least}, {greatest}]"
            )
        for lane in range(self.lanes - 1):
            self.boundary(lane)

    @property
    def lanes(self) -> int:
        return len(self.shifts)

    @property
    def weight_bits(self) -> int:
        """Width of one weight in memory."""
        return width_of(min(self.low, -1), self.high)

    def width(self, lane: int) -> int:
        """Bits between a lane and the next."""
        return self.shifts[lane + 1] - self.shifts[lane]

    def boundary(self, lane: int) -> Boundary:
        """The cheapest way to count the carries from `lane` to the next."""
        step, whole = self.step(lane), 1 << self.shifts[lane + 1]
        if 4 * step <= whole:
            return Boundary.QUADRANT
        if 2 * step <= whole:
            return Boundary.PARITY
        if self.activation_low >= 0 and step <= 2 * whole:
            return Boundary.SIGN if step < whole else Boundary.SIGN_TWICE
        raise ValueError(f"expected lane {lane} to hold a product, {self.shifts} move it by up to {step}")

    def step(self, lane: int) -> int:
        """The most that one row can change the sum below the boundary above `lane`."""
        return max(abs(bound) for bound in self._row_range(lane))

    def sum_bounds(self, lane: int, rows: int, bias: int) -> tuple[int, int]:
        """Bounds of the sum below that boundary after some rows, begun at `bias`."""
        least, greatest = self._row_range(lane)
        return rows * least + bias, rows * greatest + bias

    def _packed_range(self, lane: int) -> tuple[int, int]:
        ones = sum(1 << shift for shift in self.shifts[: lane + 1])
        return self.low * ones, self.high * ones

    def _row_range(self, lane: int) -> tuple[int, int]:
        products = [
            w * a for w in self._packed_range(lane) for a in (self.activation_low, self.activation_high)
        ]
        return min(products), max(products)

    def below(self, weights: IntArray) -> IntArray:
        """[..., lanes] weights → [..., lanes] packed weights of each lane and those below it."""
        terms = np.asarray(weights, np.int64) << np.array(self.shifts)
        partial: IntArray = terms.cumsum(axis=-1)
        return partial

    def fields(self, weights: IntArray) -> IntArray:
        """[..., lanes] weights → the same less the borrows of the lanes below, as the operand has them."""
        borrows = np.zeros(np.shape(weights), np.int64)
        borrows[..., 1:] = self.below(weights)[..., :-1] < 0
        return np.asarray(weights, np.int64) - borrows
