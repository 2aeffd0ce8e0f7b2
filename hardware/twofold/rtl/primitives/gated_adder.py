"""The sum of two numbers, each of which may be complemented and left out, at one LUT a bit."""

from __future__ import annotations

from amaranth.hdl import Const, Instance, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.carry_chain import carry_chain
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.lut_pair import lut_init


class GatedAdder(wiring.Component):
    """y = A + B with A = a, its ones' complement if `a_inverted`, or 0 unless `a_used`; B likewise.

    Combinational. xc7: one LUT6_2 a bit and CARRY4. All six inputs of a bit make its propagate signal;
    `b_used` is the sixth, and while it is low the propagate signal is A: so O5 gives A to the carry chain.

    a, b: unsigned(width). y: unsigned(width + 1).
    """

    def __init__(self, width: int, family: Family) -> None:
        self.width, self.family = width, family
        operands = {name: In(unsigned(width)) for name in "ab"}
        controls = {f"{name}_{what}": In(1) for name in "ab" for what in ("inverted", "used")}
        super().__init__({**operands, **controls, "y": Out(unsigned(width + 1))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.family is Family.PORTABLE:
            m.d.comb += self.y.eq(
                _gated(self.a, self.a_inverted, self.a_used) + _gated(self.b, self.b_inverted, self.b_used)
            )
        else:
            m.d.comb += self.y.eq(self._mapped(m))
        return m

    def _mapped(self, m: Module) -> Value:
        propagate: list[Value] = []
        generate: list[Value] = []
        for bit in range(self.width):
            term, differs = Signal(name=f"term_{bit}"), Signal(name=f"differs_{bit}")
            m.submodules[f"lut_{bit}"] = Instance(
                "LUT6_2",
                p_INIT=Const(_INIT, 64),
                i_I0=self.a[bit],
                i_I1=self.a_inverted,
                i_I2=self.a_used,
                i_I3=self.b[bit],
                i_I4=self.b_inverted,
                i_I5=self.b_used,
                o_O5=term,
                o_O6=differs,
            )
            propagate.append(differs)
            generate.append(term)
        return carry_chain(m, [*propagate, Const(0, 1)], [*generate, Const(0, 1)], Const(0, 1), self.family)


def _gated(value: Value, inverted: Value, used: Value) -> Value:
    return Mux(used, value ^ inverted.replicate(len(value)), 0)


_INIT = lut_init(
    lambda bits: (bits[0] ^ bits[1]) & bits[2],
    lambda bits: (bits[0] ^ bits[1]) & bits[2] ^ bits[3] ^ bits[4],
)
