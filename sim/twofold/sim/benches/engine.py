"""Bench of the engine: a program, its frames and its results in memory behind the AXI4 master.

The environment names a folder (ENGINE_RUN) that `twofold.sim.engine` has filled: a program, frames.bin
and run.json with {frames, stalls, faults}. The bench leaves results.bin and counters.json there.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam, AxiResp

from twofold.rtl.bus.engine_registers import engine_registers
from twofold.sim.benches.axi_memory import stalls
from twofold.sim.memory_layout import MemoryLayout

POLL_CYCLES = 200
MEMORY_BYTES = 1 << 28


class Bench:
    """Clock, reset, memory, and register access by name."""

    def __init__(self, dut: Any):
        self.dut = dut
        Clock(dut.clk, 10, unit="ns").start()
        self.registers = engine_registers(1, 1)
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
        self.memory = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=MEMORY_BYTES)

    def stall(self, share: float) -> None:
        """Random pauses on every channel of both ports, each cycle with this probability."""
        reads, writes = self.memory.read_if, self.memory.write_if
        channels = [reads.ar_channel, reads.r_channel, writes.aw_channel, writes.w_channel, writes.b_channel]
        reads, writes = self.master.read_if, self.master.write_if
        channels += [reads.ar_channel, reads.r_channel, writes.aw_channel, writes.w_channel, writes.b_channel]
        for channel in channels:
            channel.set_pause_generator(stalls(share))

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

    async def run(self, limit: int) -> int:
        """Starts a run and waits for its end, at most `limit` cycles; returns STATUS."""
        await self.write("CONTROL", 1)
        for _ in range(-(-limit // POLL_CYCLES)):
            await ClockCycles(self.dut.clk, POLL_CYCLES)
            status = await self.read("STATUS")
            if not status & 1:
                return status
        raise AssertionError(f"the engine is still busy after {limit} cycles")


@cocotb.test()
async def run_frames(dut: Any) -> None:
    """Executes the program on all frames and writes down what is in memory afterwards."""
    folder = Path(os.environ["ENGINE_RUN"])
    run = json.loads((folder / "run.json").read_text())
    layout = MemoryLayout(**run["layout"])
    bench = Bench(dut)
    if run["stalls"]:
        bench.stall(run["stalls"])
    for address, name in ((layout.program, "code"), (layout.model, "image"), (layout.input, "frames")):
        bench.memory.write(address, (folder / f"{name}.bin").read_bytes())
    # what the engine does not write must not look like a result
    bench.memory.write(layout.output, random.Random(run["frames"]).randbytes(layout.output_bytes))
    await bench.reset()
    for name, value in layout.registers(run["frames"]).items():
        await bench.write(name, value)
    status = await bench.run(run["limit"])
    assert status == 0b10, f"STATUS is {status:#07b} at the end, expected done without errors"
    assert await bench.read("FRAMES_DONE") == run["frames"]
    cycles = await bench.read("CYCLES_LO") | await bench.read("CYCLES_HI") << 32
    by_instruction = []
    for index in range(run["instructions"]):
        await bench.write("LAYER_CYCLES_INDEX", index)
        by_instruction.append(await bench.read("LAYER_CYCLES"))
    (folder / "results.bin").write_bytes(bench.memory.read(layout.output, layout.output_bytes))
    counters = {"cycles": cycles, "instructions": by_instruction}
    (folder / "counters.json").write_text(json.dumps(counters))
