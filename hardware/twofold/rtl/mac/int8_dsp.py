"""Two INT8 products in one DSP block, columns of them chained through the cascade of partial sums."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.rtl.mac.dsp_columns import DspColumns
from twofold.rtl.mac.packed_lanes import PackedLanes
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.multiply_add import operand_bits


@dataclass(frozen=True)
class Int8Dsp(DspColumns):
    """Weights in [low, 127], activations in [−128, 255], tin·tout/2 DSP blocks.

    low: −128 or −127. Outputs 2k and 2k + 1 share a column. Where the multiplier has 27 bits, the upper
    weight is at bit 18 and both ranges cost the same. Where it has 25, −127·2^17 − 127 fits, but
    −128·2^17 − 1 does not: with −128 the upper weight is at bit 16, and as a product of 16 bits may move
    the lower lane by half its range, the parity of the upper lane's sum is kept beside the column.
    """

    low: int = -128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low not in (-128, -127):
            raise ValueError(f"expected weights from -128 or -127, got {self.low}")
        if self.tin % 2 or self.tout % 2:
            raise ValueError(
                f"expected an even number of inputs and of outputs, got {self.tin} × {self.tout}"
            )

    @property
    def name(self) -> str:
        return "int8_dsp"

    @property
    def lane_shift(self) -> int:
        """Place of the upper weight."""
        if self.family is Family.XCUP:
            return 18
        return 16 if self.low == -128 else 17

    @property
    def packing(self) -> PackedLanes:
        return PackedLanes(
            (0, self.lane_shift), self.low, 127, -128, 255, self.rows, operand_bits(self.family)
        )
