"""Bench of the engine: a program, its frames and its results in memory behind the AXI4 master.

The environment names a folder (ENGINE_RUN) that `twofold.sim.engine` has filled: a program, frames.bin
and run.json with {frames, stalls, faults, layout, limit, instructions}. The bench leaves results.bin and
counters.json there.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb

from twofold.sim.benches.engine_faults import provoke
from twofold.sim.benches.engine_host import EngineHost
from twofold.sim.faults import Fault
from twofold.sim.memory_layout import MemoryLayout


@cocotb.test()
async def run_frames(dut: Any) -> None:
    """Executes the program on all frames and writes down what is in memory afterwards.

    Before that, a run for each of the faults, which must end early.
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
    for fault in map(Fault, run["faults"]):
        await provoke(host, layout, fault, run["limit"])
    # what the engine does not write must not look like a result
    host.memory.write(layout.output, random.Random(run["frames"]).randbytes(layout.output_bytes))
    await host.set_up(layout, run["frames"])
    status = await host.run(run["limit"])
    assert status == 0b10, f"STATUS is {status:#07b} at the end, expected done without errors"
    assert await host.read("FRAMES_DONE") == run["frames"]
    cycles = await host.read("CYCLES_LO") | await host.read("CYCLES_HI") << 32
    by_instruction = []
    for index in range(run["instructions"]):
        await host.write("LAYER_CYCLES_INDEX", index)
        by_instruction.append(await host.read("LAYER_CYCLES"))
    (folder / "results.bin").write_bytes(host.memory.read(layout.output, layout.output_bytes))
    counters = {"cycles": cycles, "instructions": by_instruction}
    (folder / "counters.json").write_text(json.dumps(counters))
