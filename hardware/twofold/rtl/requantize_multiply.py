"""Requantisation by multiplier and shift: one lane."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.network.rounding import MULTIPLIER_BITS
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.requantize_words import FIELD_BITS

SHIFT_BITS = 6

BOUNDS = data.StructLayout({"zero_point": signed(9), "low": signed(9), "high": signed(9)})
"""What is the same for all channels of a layer."""


class MultiplierLane(wiring.Component):
    """`clamp(round_half_even(acc · M / 2^n) + zero_point)`, LATENCY = 7 cycles after `acc`.

    write, field: a parameter word's field, M and from bit 16 on n, for vectors given in the next cycle or
    later. bounds: constant while vectors are on their way. code: signed(9), within the bounds.
    One DSP block.
    """

    LATENCY = 7

    def __init__(self, acc_bits: int) -> None:
        self.acc_bits = acc_bits
        super().__init__(
            {
                "write": In(1),
                "field": In(FIELD_BITS),
                "bounds": In(BOUNDS),
                "acc": In(signed(acc_bits)),
                "code": Out(signed(9)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        factor, shift = Signal(MULTIPLIER_BITS, reset_less=True), Signal(SHIFT_BITS, reset_less=True)
        with m.If(self.write):
            m.d.sync += Cat(factor, shift).eq(self.field)
        product = Signal(signed(self.acc_bits + MULTIPLIER_BITS), reset_less=True)
        m.d.sync += product.eq(self.acc * factor)
        number = _Fixed.from_product(delay(m, product, 1, "product"))
        # The greatest shift is 47: of its six bits, the upper two are never both set.
        amounts = (shift[4:6], (0, 16, 32)), (shift[2:4], (0, 4, 8, 12)), (shift[0:2], (0, 1, 2, 3))
        for (select, bits), width in zip(amounts, (27, 15, 12), strict=True):
            number = number.shifted_right(m, select, bits, width, f"shifted_{width}")
        m.d.comb += self.code.eq(number.clamped(m, self.bounds, "rounded"))
        return m


@dataclass(frozen=True)
class _Fixed:
    """A number on its way through the shifter; its bit 0 is the first one behind the binary point.

    sticky: a one was shifted out below bit 0. over: bits were cut off above that were not copies of the
    sign, so that the number is certain to be clamped. negative: the sign it began with.
    """

    value: Value
    sticky: Value
    over: Value
    negative: Value

    @classmethod
    def from_product(cls, product: Value) -> _Fixed:
        return cls(Cat(Const(0, 1), product).as_signed(), Const(0, 1), Const(0, 1), product[-1])

    def shifted_right(
        self, m: Module, select: Value, amounts: tuple[int, ...], width: int, name: str
    ) -> _Fixed:
        """Shifted by `amounts[select]` bits and cut to `width` bits, one cycle later.

        27, 15 and 12 bits before another 15, 3 and 0 bits of shift leave a number that does not fit at
        2^10 or more in magnitude, beyond every bound and zero point.
        """
        width = min(width, len(self.value))
        wide = Signal(signed(len(self.value)), name=f"{name}_wide")
        lost, cut = Signal(name=f"{name}_lost"), Signal(name=f"{name}_cut")
        with m.Switch(select):
            for index, bits in enumerate(amounts):
                with m.Default() if index == len(amounts) - 1 else m.Case(index):
                    above = self.value[width - 1 + bits :]
                    m.d.comb += [
                        wide.eq(self.value >> bits),
                        lost.eq(self.value[:bits].any()),
                        cut.eq(above.any() & ~above.all()),
                    ]
        result = _Fixed(
            Signal(signed(width), name=name, reset_less=True),
            *(Signal(name=f"{name}_{flag}", reset_less=True) for flag in ("sticky", "over", "negative")),
        )
        m.d.sync += [
            result.value.eq(wide),
            result.sticky.eq(self.sticky | lost),
            result.over.eq(self.over | cut),
            result.negative.eq(self.negative),
        ]
        return result

    def clamped(self, m: Module, bounds: data.View, name: str) -> Value:
        """Rounded half to even, moved by the zero point, clamped: two cycles later."""
        up = self.value[0] & (self.sticky | self.value[1])
        rounded = Signal(signed(12), name=name, reset_less=True)
        m.d.sync += rounded.eq(self.value[1:].as_signed() + bounds.zero_point + up)
        over, negative = (
            delay(m, self.over, 1, f"{name}_over"),
            delay(m, self.negative, 1, f"{name}_negative"),
        )
        result = Signal(signed(9), name=f"{name}_clamped", reset_less=True)
        with m.If(Mux(over, negative, rounded < bounds.low)):
            m.d.sync += result.eq(bounds.low)
        with m.Elif(over | (rounded > bounds.high)):
            m.d.sync += result.eq(bounds.high)
        with m.Else():
            m.d.sync += result.eq(rounded)
        return result
