"""Runs programs on the engine as a library: many frames, without Python in the clock loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twofold.golden.execute import check_frames
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.plan.program import Program
from twofold.plan.schedule import SIMULATED_MEMORY
from twofold.plan.timing.cost import BusTiming
from twofold.rtl.bus.engine_registers import COUNTERS, engine_registers
from twofold.rtl.bus.register_map import Field
from twofold.rtl.control.run_errors import describe
from twofold.sim.bulk.library import EngineLibrary, build_library
from twofold.sim.bulk.model import EngineModel
from twofold.sim.cocotb_runner import SimulationError
from twofold.sim.engine import LIMIT_FACTOR, EngineRun, shaped
from twofold.sim.memory_layout import MemoryLayout


@dataclass(frozen=True, eq=False)
class BulkRun(EngineRun):
    """A run, and how fast it was: simulated clock cycles and the CPU seconds that they took."""

    clocks: int
    seconds: float


def run_bulk(
    library: EngineLibrary,
    program: Program,
    frames: IntArray,
    *,
    bus: BusTiming = SIMULATED_MEMORY,
    stalls: float = 0.0,
    seed: int = 1,
    waves: Path | None = None,
) -> BulkRun:
    """Runs all frames back to back, over AXI. frames: codes [N, *input shape].

    The arguments are those of `twofold.sim.bulk.model.EngineModel`. The engine may read program, model and
    frames, and write results, no other address. The memory of results is filled with
    random bytes before. Raises SimulationError if the engine reports an error, breaks a rule of AXI, or takes
    more than 20 times the predicted cycles.
    """
    count = len(frames)
    layout = MemoryLayout.of(program, count)
    memory = _memory(program, frames, layout, seed)
    windows = {"reads": layout.reads(count), "writes": layout.writes()}
    with EngineModel(library, memory, **windows, bus=bus, stalls=stalls, seed=seed, waves=waves) as model:
        for name, value in layout.registers(count).items():
            model.write(name, value)
        _complete(model, count, LIMIT_FACTOR * program.predicted_cycles(count))
        cycles = model.read("CYCLES_LO") | model.read("CYCLES_HI") << 32
        instructions = tuple(_instruction_cycles(model, index) for index in range(len(program.instructions)))
        counters = {name.lower(): model.read(name) for name in COUNTERS}
        clocks, seconds = model.clocks, model.seconds
    output = memory[layout.output : layout.output + layout.output_bytes]
    results = program.unpack_results(output.tobytes(), count)
    return BulkRun(count, results, cycles, instructions, counters, clocks, seconds)


def run_rtl(
    network: Network, program: Program, frames: IntArray, folder: Path, *, stalls: float = 0.0, seed: int = 1
) -> Mapping[str, IntArray]:
    """The integers of every tensor that `program` stores, by the simulated engine, shaped as in `network`.

    folder: for the compiled engine.
    """
    check_frames(network, frames)
    library = build_library(program.geometry, folder, optimise="-O1")
    return shaped(network, run_bulk(library, program, frames, stalls=stalls, seed=seed))


def _memory(program: Program, frames: IntArray, layout: MemoryLayout, seed: int) -> npt.NDArray[np.uint8]:
    # what the engine does not write must not look like a result
    memory = np.random.default_rng(seed).integers(0, 256, layout.output + layout.output_bytes, np.uint8)
    parts = (
        (layout.program, program.code),
        (layout.model, program.image),
        (layout.input, program.pack_frames(frames)),
    )
    for address, content in parts:
        memory[address : address + len(content)] = np.frombuffer(content, np.uint8)
    return memory


def _complete(model: EngineModel, frames: int, limit: int) -> None:
    """Starts the run and waits for its end. Raises SimulationError unless it ends without any error bit."""
    control, status = (engine_registers(1, 1)[name] for name in ("CONTROL", "STATUS"))
    model.write(control.name, _mask(control.field("START")))
    found = model.wait(status.name, _mask(status.field("BUSY")), limit)
    if found != _mask(status.field("DONE")):
        names = [field.name for field in status.fields if found & _mask(field)]
        error = describe(model.read("ERROR"))
        raise SimulationError(
            f"STATUS is {found:#x} at the end ({', '.join(names)}), expected DONE alone; ERROR: {error}"
        )
    done = model.read("FRAMES_DONE")
    if done != frames:
        raise SimulationError(f"FRAMES_DONE is {done} at the end, expected {frames}")


def _mask(field: Field) -> int:
    return (1 << field.width) - 1 << field.low


def _instruction_cycles(model: EngineModel, index: int) -> int:
    model.write("LAYER_CYCLES_INDEX", index)
    return model.read("LAYER_CYCLES")
