"""Addition or subtraction, chosen each cycle, at one LUT a bit."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.carry_chain import carry_chain
from twofold.rtl.primitives.family import Family


class AddSub(wiring.Component):
    """y = a − b where `subtract` is high, else a + b, modulo 2^width; combinational.

    xc7: one LUT a bit and CARRY4, whose first carry is `subtract`.

    a, b, y: signed(width).
    """

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        shape = signed(width)
        super().__init__({"a": In(shape), "b": In(shape), "subtract": In(1), "y": Out(shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.family is Family.PORTABLE:
            m.d.comb += self.y.eq(Mux(self.subtract, self.a - self.b, self.a + self.b))
        else:
            bits = range(self.width)
            propagate = [self.a[bit] ^ self.b[bit] ^ self.subtract for bit in bits]
            generate = [self.a[bit] for bit in bits]
            m.d.comb += self.y.eq(carry_chain(m, propagate, generate, self.subtract, self.family))
        return m
