"""What stands around a simulated engine: clock, memory, and a host that reaches its registers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiReadBus, AxiResp, AxiWriteBus

from twofold.rtl.bus.engine_registers import engine_registers
from twofold.sim.benches.axi_memory import FaultyReads, FaultyWrites, Outside, stalls
from twofold.sim.faults import Channel
from twofold.sim.memory_layout import MemoryLayout

POLL_CYCLES = 200
MEMORY_BYTES = 1 << 28


class EngineHost:
    """Clock, reset, memory, and register access by name.

    The memory is an AxiRam of MEMORY_BYTES in its two halves; `allow` says which addresses it answers.
    """

    def __init__(self, dut: Any):
        self.dut, self._share = dut, 0.0
        Clock(dut.clk, 10, unit="ns").start()
        self.registers = engine_registers(1, 1)
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
        bus = AxiReadBus.from_prefix(dut, "m_axi")
        self.memory = FaultyReads(bus, dut.clk, dut.rst, size=MEMORY_BYTES)
        bus = AxiWriteBus.from_prefix(dut, "m_axi")
        self.writes = FaultyWrites(bus, dut.clk, dut.rst, size=MEMORY_BYTES, mem=self.memory.mem)
        self.allow((range(MEMORY_BYTES),), (range(MEMORY_BYTES),))

    def allow(self, reads: tuple[range, ...], writes: tuple[range, ...]) -> None:
        """All other addresses answer SLVERR."""
        self.memory.faulty, self.writes.faulty = Outside(reads), Outside(writes)

    def stall(self, share: float) -> None:
        """Random pauses on every channel of both ports, each cycle with this probability."""
        self._share = share
        reads, writes = self.memory, self.writes
        channels = [reads.ar_channel, reads.r_channel, writes.aw_channel, writes.w_channel, writes.b_channel]
        reads, writes = self.master.read_if, self.master.write_if
        channels += [reads.ar_channel, reads.r_channel, writes.aw_channel, writes.w_channel, writes.b_channel]
        for channel in channels:
            channel.set_pause_generator(stalls(share))

    @contextmanager
    def standing(self, channel: Channel) -> Iterator[None]:
        """A channel of the memory that does not move."""
        half = self.memory if channel in (Channel.READ_ADDRESS, Channel.READ_DATA) else self.writes
        stopped = getattr(half, f"{channel}_channel")
        stopped.clear_pause_generator()
        stopped.pause = True
        yield
        stopped.pause = False
        if self._share:
            stopped.set_pause_generator(stalls(self._share))

    async def reset(self) -> None:
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 4)
        self.dut.rst.value = 0
        await RisingEdge(self.dut.clk)

    async def write(self, name: str, value: int) -> None:
        answer = await self.master.write(self.registers[name].offset, value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, f"{name}: write answered {answer.resp}"

    async def read(self, name: str) -> int:
        answer = await self.master.read(self.registers[name].offset, 4)
        assert answer.resp == AxiResp.OKAY, f"{name}: read answered {answer.resp}"
        return int.from_bytes(answer.data, "little")

    async def set_up(self, layout: MemoryLayout, frames: int) -> None:
        """Writes the registers of a run."""
        for name, value in layout.registers(frames).items():
            await self.write(name, value)

    async def run(self, limit: int) -> int:
        """Starts a run and waits for its end, at most `limit` cycles; returns STATUS."""
        await self.write("CONTROL", 1)
        return await self.wait(limit)

    async def wait(self, limit: int) -> int:
        """Waits for the end of a run, at most `limit` cycles; returns STATUS."""
        for _ in range(-(-limit // POLL_CYCLES)):
            await ClockCycles(self.dut.clk, POLL_CYCLES)
            status = await self.read("STATUS")
            if not status & 1:
                return status
        raise AssertionError(f"the engine is still busy after {limit} cycles")
