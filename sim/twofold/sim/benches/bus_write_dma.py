"""Bench of WriteDma (clk, rst, command_*, data_*, done, error, clear, bus_*).

MAX_BURST and OUTSTANDING in the environment are those of the design.
"""

from __future__ import annotations

import os
import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiWriteBus

from twofold.sim.benches.axi_memory import AddressWatch, FaultyWrites, stalls

MAX_BURST = int(os.environ.get("MAX_BURST", "16"))
OUTSTANDING = int(os.environ.get("OUTSTANDING", "4"))
CYCLES_LIMIT = 20_000
GUARD = 0xA5A5_A5A5_A5A5_A5A5


class Bench:
    """Clock, reset, memory, and a source of beats that pauses."""

    def __init__(self, dut: Any):
        self.dut = dut
        Clock(dut.clk, 2, unit="ns").start()
        self.memory = FaultyWrites(AxiWriteBus.from_prefix(dut, "bus"), dut.clk, dut.rst, size=1 << 32)
        self.watch = AddressWatch(dut.clk, self.memory.bus.aw, "aw", MAX_BURST)
        self.pauses = stalls(0.0)

    async def reset(self) -> None:
        dut = self.dut
        dut.command_valid.value = dut.command_payload.value = dut.clear.value = 0
        dut.data_valid.value = dut.data_payload.value = 0
        dut.rst.value = 1
        for _ in range(4):
            await RisingEdge(dut.clk)
        dut.rst.value = 0
        cocotb.start_soon(self.watch.watch())

    def stall(self, share: float) -> None:
        for channel in (self.memory.aw_channel, self.memory.w_channel, self.memory.b_channel):
            channel.set_pause_generator(stalls(share))
        self.pauses = stalls(share)

    async def _send(self, words: list[int]) -> None:
        for word in words:
            while next(self.pauses):
                await RisingEdge(self.dut.clk)
            self.dut.data_payload.value, self.dut.data_valid.value = word, 1
            await RisingEdge(self.dut.clk)
            while not int(self.dut.data_ready.value):
                await RisingEdge(self.dut.clk)
            self.dut.data_valid.value = 0

    async def write(self, address: int, words: list[int]) -> None:
        """Runs one command, checks that done comes once, and that exactly the words' bytes changed."""
        guards = (address - 8, address + 8 * len(words))
        for guard in guards:
            self.memory.write_qword(guard, GUARD)
        sender = cocotb.start_soon(self._send(words))
        self.dut.command_payload.value = address | len(words) << 32
        self.dut.command_valid.value = 1
        await RisingEdge(self.dut.clk)
        while not int(self.dut.command_ready.value):
            await RisingEdge(self.dut.clk)
        self.dut.command_valid.value = 0
        await self._done(f"{address:#x}, {len(words)} beats")
        assert sender.done(), "done came before the last beat was taken"
        for guard in guards:
            assert self.memory.read_qword(guard) == GUARD, f"{guard:#x} was overwritten"

    async def _done(self, what: str) -> None:
        pulses = idle = 0
        for _ in range(CYCLES_LIMIT):
            await RisingEdge(self.dut.clk)
            pulses += int(self.dut.done.value)
            idle += pulses > 0
            if idle == 5:
                assert pulses == 1, f"{what}: done came {pulses} times"
                return
        raise AssertionError(f"{what}: not done in {CYCLES_LIMIT} cycles")


async def started(dut: Any) -> Bench:
    bench = Bench(dut)
    await bench.reset()
    return bench


def random_words(count: int) -> list[int]:
    return [random.getrandbits(64) for _ in range(count)]


@cocotb.test()
async def random_transfers(dut: Any) -> None:
    bench = await started(dut)
    for share in (0.0, 0.3, 0.7):
        bench.stall(share)
        for _ in range(6):
            address, words = random.randrange(8, 1 << 24, 8), random_words(random.randrange(1, 6 * MAX_BURST))
            await bench.write(address, words)
            assert bench.memory.read_qwords(address, len(words)) == words
    assert not int(dut.error.value)


@cocotb.test()
async def crosses_boundaries(dut: Any) -> None:
    bench = await started(dut)
    bench.stall(0.3)
    for before in (1, 2, MAX_BURST - 1 or 1, MAX_BURST, MAX_BURST + 1):
        address, words = 0x5000 - 8 * before, random_words(2 * MAX_BURST + 5)
        await bench.write(address, words)
        assert bench.memory.read_qwords(address, len(words)) == words


@cocotb.test()
async def address_waits_for_data(dut: Any) -> None:
    """A memory may take the address only after it has seen data."""
    bench = await started(dut)
    bench.memory.aw_channel.pause = True
    task = cocotb.start_soon(bench.write(0x1000, [1, 2, 3]))
    for _ in range(CYCLES_LIMIT):
        await RisingEdge(dut.clk)
        if int(dut.bus_wvalid.value):
            break
    else:
        raise AssertionError("WVALID waits for AWREADY")
    bench.memory.aw_channel.pause = False
    await task
    assert bench.memory.read_qwords(0x1000, 3) == [1, 2, 3]


@cocotb.test()
async def no_beats(dut: Any) -> None:
    bench = await started(dut)
    await bench.write(0x1000, [])
    assert bench.watch.bursts == []


@cocotb.test()
async def error_stays_until_clear(dut: Any) -> None:
    bench = await started(dut)
    bench.memory.faulty = {0x2010}
    await bench.write(0x2000, random_words(40))
    assert int(dut.error.value)
    await bench.write(0x3000, random_words(4))
    assert int(dut.error.value), "the error went away by itself"
    dut.clear.value = 1
    await RisingEdge(dut.clk)
    dut.clear.value = 0
    await bench.write(0x3000, random_words(4))
    assert not int(dut.error.value)


@cocotb.test()
async def limits_bursts_under_way(dut: Any) -> None:
    bench = await started(dut)
    for channel in (bench.memory.aw_channel, bench.memory.w_channel):
        channel.queue_occupancy_limit = 1000
    bench.memory.b_channel.pause = True
    cocotb.start_soon(bench.write(0x1000, random_words(20 * MAX_BURST)))
    for _ in range(8 * MAX_BURST * OUTSTANDING):
        await RisingEdge(dut.clk)
    assert len(bench.watch.bursts) == OUTSTANDING


@cocotb.test()
async def takes_the_documented_cycles(dut: Any) -> None:
    """3 + n + L cycles on a memory that always takes and answers L cycles after a burst's last beat."""
    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value, dut.command_valid.value, dut.clear.value = 1, 0, 0
    dut.bus_awready.value, dut.bus_wready.value, dut.bus_bvalid.value, dut.bus_bresp.value = 1, 1, 0, 0
    dut.data_valid.value = 1
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    for latency, count in ((1, 1), (3, 5 * MAX_BURST), (6, 3 * MAX_BURST + 1)):
        assert await _ideal_write(dut, latency, count) == 3 + count + latency


async def _ideal_write(dut: Any, latency: int, count: int) -> int:
    dut.command_payload.value, dut.command_valid.value = count << 32, 1
    await RisingEdge(dut.clk)  # the command is taken at this edge
    dut.command_valid.value = 0
    due: list[int] = []
    for cycle in range(1, CYCLES_LIMIT):
        await RisingEdge(dut.clk)
        if int(dut.done.value):
            return cycle
        if int(dut.bus_wvalid.value) and int(dut.bus_wlast.value):
            due.append(cycle + latency)
        valid = bool(due) and due[0] <= cycle + 1
        dut.bus_bvalid.value = valid
        if valid:
            due.pop(0)
    raise AssertionError("not done")
