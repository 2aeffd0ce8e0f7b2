"""Runs of the engine that must end early, with the right bits in STATUS."""

from __future__ import annotations

import random

from cocotb.triggers import ClockCycles

from twofold.rtl.isa import INSTRUCTION_BYTES
from twofold.sim.benches.engine_host import MEMORY_BYTES, EngineHost
from twofold.sim.faults import Fault
from twofold.sim.memory_layout import MemoryLayout

DONE, READ_ERROR, WRITE_ERROR, ILLEGAL = 0b00010, 0b00100, 0b01000, 0b10000
ENDLESS = 1 << 30
UNKNOWN_OPCODE = 0b1001

_ADDRESSES = {
    Fault.PROGRAM_ADDRESS: ("PROGRAM_ADDR", READ_ERROR),
    Fault.MODEL_ADDRESS: ("MODEL_ADDR", READ_ERROR),
    Fault.INPUT_ADDRESS: ("INPUT_ADDR", READ_ERROR),
    Fault.OUTPUT_ADDRESS: ("OUTPUT_ADDR", WRITE_ERROR),
}


async def provoke(host: EngineHost, layout: MemoryLayout, fault: Fault, limit: int) -> None:
    """A run without end, cut short by `fault`; afterwards memory holds the program as before.

    Raises AssertionError if the run does not end within `limit` cycles, or ends with other bits.
    """
    host.allow((range(MEMORY_BYTES),), (range(MEMORY_BYTES),))
    await host.set_up(layout, ENDLESS)
    if fault in _ADDRESSES:
        register, error = _ADDRESSES[fault]
        await host.write(register, MEMORY_BYTES)
        status = await host.run(limit)
    elif fault is Fault.OPCODE:
        status, error = await _with_unknown_opcode(host, layout, limit), ILLEGAL
    else:
        status, error = await _aborted(host, limit), 0
    assert status == DONE | error, f"{fault}: STATUS is {status:#07b}, expected {DONE | error:#07b}"
    assert await host.read("FRAMES_DONE") < ENDLESS


async def _with_unknown_opcode(host: EngineHost, layout: MemoryLayout, limit: int) -> int:
    """In place of END."""
    last = layout.program + layout.program_bytes - INSTRUCTION_BYTES
    end = host.memory.read(last, 1)
    host.memory.write(last, bytes([end[0] & 0xF0 | UNKNOWN_OPCODE]))
    status = await host.run(limit)
    host.memory.write(last, end)
    return status


async def _aborted(host: EngineHost, limit: int) -> int:
    """At any point of the first frames."""
    await host.write("CONTROL", 1)
    await ClockCycles(host.dut.clk, random.randrange(200, limit // 20))
    assert await host.read("STATUS") == 1, "expected a busy engine without errors"
    await host.write("CONTROL", 2)
    return await host.wait(limit)
