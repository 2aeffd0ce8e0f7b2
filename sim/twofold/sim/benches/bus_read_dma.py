"""Bench of ReadDma (clk, rst, command_*, data_*, hold, done, error, clear, bus_*).

MAX_BURST and OUTSTANDING in the environment are those of the design.
"""

from __future__ import annotations

import os
import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge
from cocotbext.axi import AxiReadBus

from twofold.sim.benches.axi_memory import AddressWatch, FaultyReads, fill, stalls

MAX_BURST = int(os.environ.get("MAX_BURST", "16"))
OUTSTANDING = int(os.environ.get("OUTSTANDING", "4"))
CYCLES_LIMIT = 20_000


class Bench:
    """Clock, reset, memory, and a collector of beats and done pulses."""

    def __init__(self, dut: Any):
        self.dut = dut
        Clock(dut.clk, 2, unit="ns").start()
        self.memory = FaultyReads(AxiReadBus.from_prefix(dut, "bus"), dut.clk, dut.rst, size=1 << 32)
        self.watch = AddressWatch(dut.clk, self.memory.bus.ar, "ar", MAX_BURST)
        self.beats: list[int] = []
        self.done_at: list[int] = []
        self.cycle = 0

    async def reset(self) -> None:
        self.dut.command_valid.value = self.dut.command_payload.value = self.dut.clear.value = 0
        self.dut.hold.value = 0
        self.dut.rst.value = 1
        for _ in range(4):
            await RisingEdge(self.dut.clk)
        self.dut.rst.value = 0
        cocotb.start_soon(self._collect())
        cocotb.start_soon(self.watch.watch())

    def stall(self, share: float) -> None:
        self.memory.ar_channel.set_pause_generator(stalls(share))
        self.memory.r_channel.set_pause_generator(stalls(share))

    async def _collect(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.cycle += 1
            if int(self.dut.data_valid.value):
                self.beats.append(int(self.dut.data_payload.value))
            if int(self.dut.done.value):
                self.done_at.append(self.cycle)

    async def hold(self) -> None:
        """Holds beats back in half of the cycles; no beat comes in the cycle after."""
        while True:
            held = random.random() < 0.5
            self.dut.hold.value = held
            await RisingEdge(self.dut.clk)
            await ReadOnly()
            assert not (held and int(self.dut.data_valid.value)), "a beat came though it was held back"
            await FallingEdge(self.dut.clk)

    async def read(self, address: int, count: int) -> list[int]:
        """Runs one command; returns its beats, and checks that done came once, with the last of them."""
        self.beats.clear()
        self.done_at.clear()
        self.dut.command_payload.value = address | count << 32
        self.dut.command_valid.value = 1
        await RisingEdge(self.dut.clk)
        while not int(self.dut.command_ready.value):
            await RisingEdge(self.dut.clk)
        self.dut.command_valid.value = 0
        for _ in range(CYCLES_LIMIT):
            await RisingEdge(self.dut.clk)
            if int(self.dut.done.value):
                break
        else:
            raise AssertionError(f"{address:#x}, {count} beats: not done in {CYCLES_LIMIT} cycles")
        await RisingEdge(self.dut.clk)
        words = list(self.beats)
        for _ in range(4):
            await RisingEdge(self.dut.clk)
        assert len(self.done_at) == 1, f"done came {len(self.done_at)} times"
        assert words == self.beats, "beats came after done"
        return words


async def started(dut: Any) -> Bench:
    bench = Bench(dut)
    await bench.reset()
    return bench


@cocotb.test()
async def random_transfers(dut: Any) -> None:
    bench = await started(dut)
    for share in (0.0, 0.3, 0.7):
        bench.stall(share)
        for _ in range(6):
            address, count = random.randrange(0, 1 << 32, 8), random.randrange(1, 6 * MAX_BURST)
            expected = fill(bench.memory, address % ((1 << 32) - 65536), count)
            assert await bench.read(address % ((1 << 32) - 65536), count) == expected
    assert not int(dut.error.value)


@cocotb.test()
async def waits_while_held(dut: Any) -> None:
    bench = await started(dut)
    bench.stall(0.3)
    cocotb.start_soon(bench.hold())
    expected = fill(bench.memory, 0x2000, 9 * MAX_BURST)
    assert await bench.read(0x2000, len(expected)) == expected


@cocotb.test()
async def crosses_boundaries(dut: Any) -> None:
    bench = await started(dut)
    bench.stall(0.3)
    for before in (1, 2, MAX_BURST - 1 or 1, MAX_BURST, MAX_BURST + 1):
        count = 2 * MAX_BURST + 5
        address = 0x5000 - 8 * before
        expected = fill(bench.memory, address, count)
        assert await bench.read(address, count) == expected


@cocotb.test()
async def bursts_are_long(dut: Any) -> None:
    bench = await started(dut)
    await bench.read(0x1000, 5 * MAX_BURST + 1)
    expected = [(0x1000 + 8 * MAX_BURST * index, MAX_BURST) for index in range(5)]
    assert bench.watch.bursts == [*expected, (0x1000 + 40 * MAX_BURST, 1)]


@cocotb.test()
async def no_beats(dut: Any) -> None:
    bench = await started(dut)
    assert await bench.read(0x1000, 0) == []
    assert bench.watch.bursts == []


@cocotb.test()
async def error_stays_until_clear(dut: Any) -> None:
    bench = await started(dut)
    bench.memory.faulty = {0x2010}
    expected = fill(bench.memory, 0x2000, 40)
    words = await bench.read(0x2000, 40)
    assert (words[:2], words[3:]) == (expected[:2], expected[3:])
    assert int(dut.error.value)
    await bench.read(0x3000, 4)
    assert int(dut.error.value), "the error went away by itself"
    dut.clear.value = 1
    await RisingEdge(dut.clk)
    dut.clear.value = 0
    assert await bench.read(0x2018, 4) == expected[3:7]
    assert not int(dut.error.value)


@cocotb.test()
async def limits_bursts_under_way(dut: Any) -> None:
    bench = await started(dut)
    bench.memory.ar_channel.queue_occupancy_limit = 100
    bench.memory.r_channel.pause = True
    dut.command_payload.value = 0x1000 | (20 * MAX_BURST) << 32
    dut.command_valid.value = 1
    await RisingEdge(dut.clk)
    dut.command_valid.value = 0
    for _ in range(100):
        await RisingEdge(dut.clk)
    assert len(bench.watch.bursts) == OUTSTANDING


@cocotb.test()
async def takes_the_documented_cycles(dut: Any) -> None:
    """2 + L + n cycles on a memory that gives its first beat L cycles after ARVALID and then one a cycle."""
    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value, dut.command_valid.value, dut.clear.value, dut.hold.value = 1, 0, 0, 0
    dut.bus_rvalid.value, dut.bus_arready.value, dut.bus_rresp.value = 0, 1, 0
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    for latency, count in ((1, 1), (3, 5 * MAX_BURST), (6, 3 * MAX_BURST + 1)):
        assert await _ideal_read(dut, latency, count) == 2 + latency + count


async def _ideal_read(dut: Any, latency: int, count: int) -> int:
    dut.command_payload.value, dut.command_valid.value = count << 32, 1
    await RisingEdge(dut.clk)  # the command is taken at this edge
    dut.command_valid.value = 0
    due: list[tuple[int, bool]] = []
    for cycle in range(1, CYCLES_LIMIT):
        await RisingEdge(dut.clk)
        if int(dut.done.value):
            return cycle
        if int(dut.bus_arvalid.value):
            length = int(dut.bus_arlen.value) + 1
            due += [(cycle + latency, index == length - 1) for index in range(length)]
        valid = bool(due) and due[0][0] <= cycle + 1
        dut.bus_rvalid.value = valid
        if valid:
            dut.bus_rlast.value = due.pop(0)[1]
    raise AssertionError("not done")
