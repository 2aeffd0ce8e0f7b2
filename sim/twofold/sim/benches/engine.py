"""Bench of the engine: a program, its frames and its results in memory behind the AXI4 master.

The environment names a folder (ENGINE_RUN) that `twofold.sim.engine` has filled: a program, frames.bin
faults.json, and run.json with {frames, stalls, layout, limit, instructions}. The bench leaves results.bin and
counters.json there.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb

from twofold.rtl.bus.engine_registers import COUNTERS
from twofold.rtl.control.run_errors import describe
from twofold.sim.benches.engine_faults import provoke
from twofold.sim.benches.engine_host import EngineHost
from twofold.sim.faults import read_faults
from twofold.sim.memory_layout import MemoryLayout


@cocotb.test()
async def run_frames(dut: Any) -> None:
    """Executes the program on all frames and writes down what is in memory afterwards.

    Before that, for each of the faults, a run that must end early and a whole one with the same results.
    """
    folder = Path(os.environ["ENGINE_RUN"])
    run = json.loads((folder / "run.json").read_text())
    layout = MemoryLayout(**run["layout"])
    host = EngineHost(dut)
    if run["stalls"]:
        host.stall(run["stalls"])
    for address, name in ((layout.program, "code"), (layout.model, "image"), (layout.input, "frames")):
        host.memory.write(address, (folder / f"{name}.bin").read_bytes())
    await host.reset()
    after_faults = {}
    for fault in read_faults(folder / "faults.json"):
        await provoke(host, layout, fault, run["limit"])
        after_faults[fault.name] = await complete(host, layout, run)
    results = await complete(host, layout, run)
    for name, others in after_faults.items():
        assert others == results, f"the run after a fault, {name}, left other results"
    (folder / "results.bin").write_bytes(results)
    (folder / "counters.json").write_text(json.dumps(await counters(host, run["instructions"])))


async def complete(host: EngineHost, layout: MemoryLayout, run: dict[str, Any]) -> bytes:
    """The results of a run over all frames, which must end without errors and stay within its memory."""
    host.allow(layout.reads(run["frames"]), layout.writes())
    # what the engine does not write must not look like a result
    host.memory.write(layout.output, random.randbytes(layout.output_bytes))
    await host.set_up(layout, run["frames"])
    status = await host.run(run["limit"])
    error = describe(await host.read("ERROR"))
    assert status == 0b10, f"STATUS is {status:#06b} at the end, expected done without errors; ERROR: {error}"
    assert await host.read("FRAMES_DONE") == run["frames"]
    return bytes(host.memory.read(layout.output, layout.output_bytes))


async def counters(host: EngineHost, instructions: int) -> dict[str, Any]:
    """Cycles of the run, of each instruction's last execution, and by cause."""
    cycles = await host.read("CYCLES_LO") | await host.read("CYCLES_HI") << 32
    by_instruction = []
    for index in range(instructions):
        await host.write("LAYER_CYCLES_INDEX", index)
        by_instruction.append(await host.read("LAYER_CYCLES"))
    return {"cycles": cycles, "instructions": by_instruction} | {
        name.lower(): await host.read(name) for name in COUNTERS
    }
