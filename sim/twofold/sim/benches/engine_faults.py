"""Runs of the engine that must end early, with the right names in STATUS and ERROR."""

from __future__ import annotations

import random

from cocotb.triggers import ClockCycles

from twofold.rtl.control.run_errors import NO_INSTRUCTION, Cause
from twofold.sim.benches.engine_host import MEMORY_BYTES, EngineHost
from twofold.sim.faults import Fault
from twofold.sim.memory_layout import MemoryLayout

BUSY, DONE, FAILED, ABORTED = 0b0001, 0b0010, 0b0100, 0b1000
ENDLESS = 1 << 30
POLLS = 20


async def provoke(host: EngineHost, layout: MemoryLayout, fault: Fault, limit: int) -> None:
    """A run that `fault` ends; afterwards memory and registers are as before.

    Raises AssertionError if the run does not end within `limit` cycles, or names another error.
    """
    host.allow((range(MEMORY_BYTES),), (range(MEMORY_BYTES),))
    watchdog = await host.read("WATCHDOG")
    await host.set_up(layout, ENDLESS)
    for name, value in fault.registers.items():
        await host.write(name, value)
    before = {place: host.memory.read(layout.program + place, 1) for place in fault.code}
    for place, value in fault.code.items():
        host.memory.write(layout.program + place, bytes([value]))
    status = await _run(host, fault, limit)
    for place, value in before.items():
        host.memory.write(layout.program + place, value)
    if fault.resets is None:
        await _check(host, fault, status)
        await host.write("WATCHDOG", watchdog)


async def _run(host: EngineHost, fault: Fault, limit: int) -> int:
    """STATUS at the end of the run."""
    if fault.standing is not None:
        with host.standing(fault.standing):
            return await host.run(limit)
    if fault.resets is not None:
        await host.write("CONTROL", 1)
        await ClockCycles(host.dut.clk, fault.resets)
        await host.reset()
        return await host.read("STATUS")
    if fault.aborts is not None:
        await host.write("CONTROL", 1)
        await ClockCycles(host.dut.clk, fault.aborts + random.randrange(POLLS))
        assert await host.read("STATUS") == BUSY, "expected a busy engine without errors"
        await host.write("CONTROL", 1)  # ignored while a run is under way
        await host.write("CONTROL", 2)
        return await host.wait(limit)
    return await host.run(limit)


async def _check(host: EngineHost, fault: Fault, status: int) -> None:
    expected = DONE | (ABORTED if fault.aborts is not None else FAILED)
    assert status == expected, f"{fault.name}: STATUS is {status:#06b}, expected {expected:#06b}"
    error = await host.read("ERROR")
    found, index = Cause(error & 0x1F), error >> 16
    assert (found, index) == (fault.cause, fault.index), (
        f"{fault.name}: ERROR names {found.name} of instruction {_index(index)}, "
        f"expected {fault.cause.name} of {_index(fault.index)}"
    )
    assert await host.read("FRAMES_DONE") < ENDLESS


def _index(index: int) -> str:
    return "none" if index == NO_INSTRUCTION else str(index)
