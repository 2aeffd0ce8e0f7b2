"""Requantisation by multiplier and shift: one lane."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.network.rounding import MULTIPLIER_BITS
from twofold.rtl.mac.pipeline import delay

SHIFT_BITS = 6

FACTOR = data.StructLayout({"multiplier": unsigned(MULTIPLIER_BITS), "shift": unsigned(SHIFT_BITS)})
"""What is a channel's own, as the lowest bits of a parameter word's field."""

BOUNDS = data.StructLayout({"zero_point": signed(9), "low": signed(9), "high": signed(9)})
"""What is the same for all channels of a layer."""


class MultiplierLane(wiring.Component):
    """`clamp(round_half_even(acc · M / 2^n) + zero_point)`, LATENCY = 7 cycles after `acc`.

    factor: M and n, of this cycle's `acc`. bounds: constant while numbers are on their way. code: signed(9),
    within the bounds. One DSP block.
    """

    LATENCY = 7

    def __init__(self, acc_bits: int) -> None:
        self.acc_bits = acc_bits
        super().__init__(
            {
                "factor": In(FACTOR),
                "bounds": In(BOUNDS),
                "acc": In(signed(acc_bits)),
                "code": Out(signed(9)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = Signal(signed(self.acc_bits + MULTIPLIER_BITS), reset_less=True)
        m.d.sync += product.eq(self.acc * self.factor.multiplier)
        number = _Fixed.from_product(delay(m, product, 1, "product"))
        # The greatest shift is 47: of its six bits, the upper two are never both set.
        steps = (4, (0, 16, 32), 27), (2, (0, 4, 8, 12), 15), (0, (0, 1, 2, 3), 12)
        for step, (bit, amounts, width) in enumerate(steps):
            select = delay(m, self.factor.shift[bit : bit + 2], 2 + step, f"select_{width}")
            number = number.shifted_right(m, select, amounts, width, f"shifted_{width}")
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
