"""A harness that reaches all ports of a design through two pins, for placing blocks wider than a package."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Scan(wiring.Component):
    """Registers around a component: its inputs are a shift register, its outputs are folded into another.

    No path of the harness has more than one LUT between registers, and none of the design is left out,
    because every output bit reaches `scan_out`.

    scan_in: the next bit of the inputs. scan_out: the last bit of the folded outputs.
    """

    def __init__(self, inner: wiring.Component) -> None:
        self.inner = inner
        super().__init__({"scan_in": In(1), "scan_out": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = self.inner
        inputs: list[Value] = []
        outputs: list[Value] = []
        for _, member, value in self.inner.signature.flatten(self.inner):
            bits = getattr(value, "as_value", lambda value=value: value)()
            (inputs if member.flow == In else outputs).append(bits)
        source = Signal(len(Cat(*inputs)), reset_less=True)
        m.d.sync += source.eq(Cat(self.scan_in, source))
        m.d.comb += Cat(*inputs).eq(source)
        taken = Signal(len(Cat(*outputs)), reset_less=True)
        folded = Signal.like(taken, name="folded")
        m.d.sync += [taken.eq(Cat(*outputs)), folded.eq(taken ^ folded.rotate_left(1))]
        m.d.comb += self.scan_out.eq(folded[-1])
        return m
