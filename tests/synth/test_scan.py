"""The harness for placing: every input bit is driven by the shift register, every output bit is folded in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from twofold.synth.scan import Scan


class Wires(wiring.Component):
    """y = x, z = ~x of the upper half."""

    def __init__(self) -> None:
        super().__init__({"x": In(4), "y": Out(4), "z": Out(2)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [self.y.eq(self.x), self.z.eq(~self.x[2:])]
        return m


def simulate(dut: wiring.Component, bench: Callable[[Any], Any]) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_inputs_are_shifted_and_outputs_folded() -> None:
    dut, bits = Scan(Wires()), [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1]
    found = []

    async def bench(context: Any) -> None:
        for bit in bits:
            context.set(dut.scan_in, bit)
            found.append(context.get(dut.scan_out))
            await context.tick()

    simulate(dut, bench)
    source, taken, folded, expected = 0, 0, 0, []
    for bit in bits:
        expected.append(folded >> 5)
        rotated = (folded << 1 | folded >> 5) & 63
        outputs = source | ((~source >> 2) & 3) << 4
        folded, taken, source = taken ^ rotated, outputs, (source << 1 | bit) & 15
    assert found == expected and any(expected)
