"""A multiplier with an adder behind it, the operand kept in the registers before it: one DSP block."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.primitives.dsp48e1 import dsp48e1
from twofold.rtl.primitives.dsp48e2 import dsp48e2
from twofold.rtl.primitives.family import Family

FACTOR_BITS = 18
SUM_BITS = 48


def operand_bits(family: Family) -> int:
    """Width of the wide operand of a family's multiplier; the portable form is written to fit any."""
    return 27 if family is Family.XCUP else 25


class MultiplyAdd(wiring.Component):
    """p = (start or `previous`) + operand · factor modulo 2^48, every register of the block in use.

    An operand goes through three registers: `load` takes it from the port, `hold` passes it on, `use`
    makes it the one that factors meet. The product of the `factor` of cycle t and the operand that
    `use` took in cycle t + 1 or before is in `p` in cycle t + 4; it is added to the `previous` of cycle
    t + 3. Blocks are chained `cascade` to `previous`, each one cycle later than the one before.

    factor_bits: a factor's width, the bits above repeat its sign; the portable form keeps and multiplies
    no more. xc7: one DSP48E1. xcup: one DSP48E2. In both the operand lies in A1, A2 and AD.

    Members
    -------
    operand : In(signed(operand_bits(family)))
    load, hold, use : In(1)
    factor : In(signed(FACTOR_BITS))
    previous : In(signed(SUM_BITS))
        The `cascade` of another block and nothing else; ignored by a block that has a `start`.
    p, cascade : Out(signed(SUM_BITS))
        The sum, to the fabric and to the next block.
    """

    LATENCY = 4

    def __init__(self, family: Family, start: int | None = None, *, factor_bits: int = FACTOR_BITS) -> None:
        self.family, self.start, self.factor_bits = family, start, factor_bits
        operand, total = signed(operand_bits(family)), signed(SUM_BITS)
        enables = {name: In(1) for name in ("load", "hold", "use")}
        sums = {"previous": In(total), "p": Out(total), "cascade": Out(total)}
        super().__init__({"operand": In(operand), **enables, "factor": In(signed(FACTOR_BITS)), **sums})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ports = {name: getattr(self, name) for name in self.signature.members}
        match self.family:
            case Family.PORTABLE:
                self._behaviour(m)
            case Family.XC7:
                m.submodules.dsp = dsp48e1(self.start, **ports)
            case Family.XCUP:
                m.submodules.dsp = dsp48e2(self.start, **ports)
        return m

    def _behaviour(self, m: Module) -> None:
        operand, factor = self.operand, self.factor[: self.factor_bits].as_signed()
        for enable in (self.load, self.hold, self.use):
            kept = Signal.like(operand, name="kept", reset_less=True)
            with m.If(enable):
                m.d.sync += kept.eq(operand)
            operand = kept
        for _ in range(2):
            later = Signal(factor.shape(), name="later", reset_less=True)
            m.d.sync += later.eq(factor)
            factor = later
        product = Signal(signed(len(operand) + len(factor)), reset_less=True)
        m.d.sync += product.eq(operand * factor)
        total = Signal.like(self.p, name="total", reset_less=True)
        m.d.sync += total.eq((self.previous if self.start is None else self.start) + product)
        m.d.comb += [self.p.eq(total), self.cascade.eq(total)]
