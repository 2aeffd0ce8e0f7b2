"""A comparison of two numbers at half a LUT a bit."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.carry_chain import carry_chain
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.lut_pair import lut_pair


class AtLeast(wiring.Component):
    """y = a ≥ b, combinational.

    xc7: one LUT6_2 for two bits, and CARRY4. A LUT tells whether the two bits of a and of b are equal, and
    whether those of a are more, the highest two as signed numbers; the chain begins with a one and keeps
    what the highest difference says.

    a, b: signed(width).
    """

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        super().__init__({"a": In(signed(width)), "b": In(signed(width)), "y": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.family is Family.PORTABLE:
            m.d.comb += self.y.eq(self.a >= self.b)
        else:
            m.d.comb += self.y.eq(self._mapped(m))
        return m

    def _mapped(self, m: Module) -> Value:
        a, b = (Cat(value, value[-1].replicate(self.width % 2)) for value in (self.a, self.b))
        pairs = [
            lut_pair(
                m,
                [*a[bit : bit + 2], *b[bit : bit + 2]],
                _is_more if bit + 2 < self.width else _is_more_signed,
                _is_equal,
                f"lut_{bit}",
            )
            for bit in range(0, self.width, 2)
        ]
        # A place that neither hands on nor generates shows the carry that enters it.
        propagate, generate = [equal for _, equal in pairs], [more for more, _ in pairs]
        return carry_chain(m, [*propagate, Const(0)], [*generate, Const(0)], Const(1), self.family)[-1]


def _is_more(bits: Sequence[int]) -> int:
    return int((bits[1], bits[0]) > (bits[3], bits[2]))


def _is_more_signed(bits: Sequence[int]) -> int:
    return int((bits[3], bits[0]) > (bits[1], bits[2]))


def _is_equal(bits: Sequence[int]) -> int:
    return int(bits[:2] == bits[2:4])
