"""Bench of the runtime over the UART: the bridge and the engine of a project, and a memory.

The design is the module `fabric` of `twofold.sim.fabric`. A program of its own uses the runtime on a
pseudo-terminal; the environment names it and its arguments (BOARD_COMMAND, a JSON list in which PORT stands
for the terminal), the cycles of a bit (BOARD_DIVISOR), the manifest with the addresses (BOARD_MANIFEST), and
a file (BOARD_FAULT) in which the program says how the engine's memory shall be: `slow`, `error`, or nothing.
The bench ends when the program does, and fails if it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import (
    AddressSpace,
    AxiBus,
    AxiLiteBus,
    AxiLiteMaster,
    AxiLiteSlave,
    AxiSlave,
    MemoryRegion,
)
from cocotbext.axi.address_space import Region

from twofold.sim.uart_line import UartLine

PATIENCE_S = 900
SLOW_CYCLES = 500
"""Of a read of a slow memory."""


class Faulty(Region):
    """storage, as the word in the file `fault` says."""

    def __init__(self, storage: MemoryRegion, fault: Path, clock: Any):
        super().__init__(storage.size)
        self._storage, self._fault, self._clock = storage, fault, clock

    async def _read(self, address: int, length: int, **_: Any) -> bytes:
        match self._fault.read_text():
            case "slow":
                await ClockCycles(self._clock, SLOW_CYCLES)
            case "error":
                raise OSError(f"no memory at {address:#x}")
        return bytes(await self._storage.read(address, length))

    async def _write(self, address: int, data: bytes, **_: Any) -> None:
        await self._storage.write(address, data)


@cocotb.test()
async def program_ends_well(dut: Any) -> None:
    Clock(dut.clk, 10, unit="ns").start()
    fault = Path(os.environ["BOARD_FAULT"])
    fault.write_text("")
    connect(dut, json.loads(Path(os.environ["BOARD_MANIFEST"]).read_text()), fault)
    line = UartLine(dut.clk, dut.rx, dut.tx, int(os.environ["BOARD_DIVISOR"]))
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    cocotb.start_soon(line.listen())
    cocotb.start_soon(line.talk())
    command = [word.replace("PORT", line.path) for word in json.loads(os.environ["BOARD_COMMAND"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None:
            await ClockCycles(dut.clk, 500)
            if time.monotonic() > deadline:
                process.kill()
        said = process.stdout.read() if process.stdout else ""
    line.close()
    assert process.returncode == 0, f"the program ended with {process.returncode} and said:\n{said}"


def connect(dut: Any, manifest: dict[str, Any], fault: Path) -> None:
    """The interconnects: bridge to registers and memory, engine to memory."""
    window, memory = manifest["registers"], manifest["memory"]
    registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    storage = MemoryRegion(memory["bytes"])
    software, hardware = AddressSpace(1 << 32), AddressSpace(1 << 32)
    software.register_region(registers, window["base"], window["bytes"])
    software.register_region(storage, memory["base"])
    hardware.register_region(Faulty(storage, fault, dut.clk), memory["base"])
    AxiLiteSlave(AxiLiteBus.from_prefix(dut, "bridge"), dut.clk, dut.rst, target=software)
    AxiSlave(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, target=hardware)
