"""The sum of two numbers, one of them as one of several, at one LUT a bit."""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import Const, Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.carry_chain import carry_chain
from twofold.rtl.primitives.family import Family


class OrAdder(wiring.Component):
    """y = (a[0] | a[1] | …) + b modulo 2^width, combinational.

    xc7: one LUT a bit and CARRY4, up to five numbers `a`. The chain generates bits of `b`, so that the OR
    is needed in front of the chain alone; synthesis makes LUTs of their own of it.

    a: [count] signed(width). b, y: signed(width).
    """

    def __init__(self, count: int, width: int, family: Family) -> None:
        self.width, self.family = width, family
        shape = signed(width)
        super().__init__({"a": In(data.ArrayLayout(shape, count)), "b": In(shape), "y": Out(shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        a = reduce(or_, self.a)
        if self.family is Family.PORTABLE:
            m.d.comb += self.y.eq(a + self.b)
        else:
            propagate = [a[bit] ^ self.b[bit] for bit in range(self.width)]
            m.d.comb += self.y.eq(carry_chain(m, propagate, list(self.b), Const(0), self.family))
        return m
