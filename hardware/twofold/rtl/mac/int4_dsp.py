"""Three or four products with one 4-bit activation in one DSP block, chained through the cascade."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.rtl.mac.dsp_columns import DspColumns
from twofold.rtl.mac.packed_lanes import PackedLanes
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.multiply_add import operand_bits

ACTIVATION_MAX = 15


@dataclass(frozen=True)
class Int4Dsp(DspColumns):
    """Weights in [low, high], activations in [0, 15].

    Weights of 4 bits, low ≥ −8 and high ≤ 7, lie four to a block, wider ones, down to −15 and up to 15,
    such as APoT4 (−10, 10), three. Four lanes in 25 bits leave the fourth weight 4 bits at bit 21, and there
    −8·2^21 − 1 does not fit: with −8 it is at bit 20 there, at the cost of two bits instead of one for what
    a product carries out of the third lane.
    """

    low: int = -8
    high: int = 7

    def __post_init__(self) -> None:
        super().__post_init__()
        if not -15 <= self.low <= 0 < self.high <= 15:
            raise ValueError(f"expected weights from [-15, 0] to [1, 15], got [{self.low}, {self.high}]")
        if self.rows_per_word < 1:
            raise ValueError(f"expected memory words of at least {self.row_bits} bits, got {8 * self.tin}")

    @property
    def name(self) -> str:
        return "int4_dsp"

    @property
    def packing(self) -> PackedLanes:
        bits = operand_bits(self.family)
        return PackedLanes(self._shifts, self.low, self.high, 0, ACTIVATION_MAX, self.rows, bits)

    @property
    def _shifts(self) -> tuple[int, ...]:
        wide = self.family is Family.XCUP
        if self.low < -8 or self.high > 7:
            return (0, 11, 22) if wide else (0, 10, 20)
        return (0, 7, 14, 21) if wide or self.low > -8 else (0, 7, 14, 20)
