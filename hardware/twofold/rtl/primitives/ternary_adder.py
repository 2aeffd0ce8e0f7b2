"""The sum of three numbers, one of them as one of two, at one LUT a bit."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.carry_chain import carry_chain
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.lut_pair import lut_init


class TernaryAdder(wiring.Component):
    """y = (a | d) + b + c modulo 2^width, combinational; `d` may be left at 0.

    xc7: one LUT6_2 a bit and CARRY4. A bit's LUT gives the majority of its three bits to the next bit,
    and the parity of the three and of the majority from below to the carry chain; a bit of `d` is the fifth
    input that its two outputs can share.

    a, b, c, d, y: signed(width).
    """

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        ports = {name: In(signed(width)) for name in "abcd"}
        super().__init__({**ports, "y": Out(signed(width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.family is Family.PORTABLE:
            m.d.comb += self.y.eq((self.a | self.d) + self.b + self.c)
        else:
            m.d.comb += self.y.eq(self._mapped(m))
        return m

    def _mapped(self, m: Module) -> Value:
        below: Value = Const(0)
        parities: list[Value] = []
        majorities: list[Value] = []
        for bit in range(self.width):
            majority, parity = Signal(name=f"majority_{bit}"), Signal(name=f"parity_{bit}")
            m.submodules[f"lut_{bit}"] = Instance(
                "LUT6_2",
                p_INIT=Const(_INIT, 64),
                i_I0=self.a[bit],
                i_I1=self.b[bit],
                i_I2=self.c[bit],
                i_I3=below,
                i_I4=self.d[bit],
                i_I5=Const(1),
                o_O5=majority,
                o_O6=parity,
            )
            parities.append(parity)
            majorities.append(below)
            below = majority
        return carry_chain(m, parities, majorities, Const(0), self.family)


def _majority(bits: Sequence[int]) -> int:
    a, b, c, _, d = bits
    return int((a | d) + b + c > 1)


def _parity(bits: Sequence[int]) -> int:
    a, b, c, below, d = bits
    return (a | d) ^ b ^ c ^ below


_INIT = lut_init(_majority, _parity)
