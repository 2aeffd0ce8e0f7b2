"""What the benches of units have in common: a clock, a reset, and columns of values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np
from amaranth.lib import wiring
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

from twofold.network.types import IntArray
from twofold.sim.vectors import Column, Port, ports_of


class UnitBench:
    """Owns clock and reset of a unit that takes inputs and gives outputs every cycle.

    Inputs change, and outputs are read, at the falling edge: the outputs read in cycle t are those of
    the registers after the inputs of cycle t − 1.
    """

    def __init__(self, dut: Any, component: wiring.Component) -> None:
        self.dut = dut
        ports = ports_of(component)
        self.inputs = {port.name: port for port in ports if port.is_input}
        self.outputs = {port.name: port for port in ports if not port.is_input}
        Clock(dut.clk, 2, unit="ns").start()

    async def reset(self) -> None:
        for name in self.inputs:
            getattr(self.dut, name).value = 0
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 2)
        self.dut.rst.value = 0
        await FallingEdge(self.dut.clk)

    async def play(self, columns: Mapping[str, Column], cycles: int) -> AsyncIterator[dict[str, list[int]]]:
        """The outputs of each cycle as lists of lanes. Inputs are 0 where a column has ended."""
        values = {name: _words(self.inputs[name], column, cycles) for name, column in columns.items()}
        for cycle in range(cycles):
            yield {name: self._read(port) for name, port in self.outputs.items()}
            for name, column in values.items():
                getattr(self.dut, name).value = column[cycle]
            await FallingEdge(self.dut.clk)

    def _read(self, port: Port) -> list[int]:
        word = int(getattr(self.dut, port.name).value)
        lanes: IntArray = port.unpack(np.frombuffer(word.to_bytes(port.size, "little"), np.uint8)[None])
        return [int(lane) for lane in lanes.flatten()]


def _words(port: Port, column: Column, cycles: int) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in port.pack(column, cycles)]
