"""Runs programs on the simulated engine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.plan.program import Program
from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry
from twofold.rtl.verilog import to_verilog
from twofold.sim import cocotb_runner
from twofold.sim.faults import Fault, write_faults
from twofold.sim.memory_layout import MemoryLayout
from twofold.sim.primitives import MODELS

TOP = "engine"
LIMIT_FACTOR = 20


@dataclass(frozen=True, eq=False)
class EngineRun:
    """What a run left: results by map name, int64 [N, C, H, W]; the hardware's own cycle counters.

    cycles: start to done. instruction_cycles: of each instruction's last execution, in program order.
    counters: those by cause and of MACs, by the lower case names of their registers.
    """

    frames: int
    results: Mapping[str, IntArray]
    cycles: int
    instruction_cycles: tuple[int, ...]
    counters: Mapping[str, int]


def engine_verilog(geometry: Geometry) -> str:
    """The whole engine, top module `engine`, and the models of its family's primitives."""
    with tempfile.TemporaryDirectory() as temporary:
        verilog = Path(temporary) / f"{TOP}.v"
        to_verilog(Engine(geometry), TOP, verilog)
        return verilog.read_text() + MODELS[geometry.family]


def build_engine(geometry: Geometry, folder: Path) -> cocotb_runner.Simulation:
    """The engine of this geometry, compiled by Verilator; kept in `folder` for the next call."""
    with tempfile.TemporaryDirectory() as temporary:
        verilog = Path(temporary) / f"{TOP}.v"
        verilog.write_text(engine_verilog(geometry))
        return cocotb_runner.build([verilog], TOP, folder)


def run_program(
    simulation: cocotb_runner.Simulation,
    program: Program,
    frames: IntArray,
    *,
    stalls: float = 0.0,
    faults: Sequence[Fault] = (),
    seed: int = 1,
    timeout: float = 900.0,
) -> EngineRun:
    """Runs all frames back to back, over AXI. frames: codes [N, *input shape].

    stalls: probability of a pause in each cycle on every AXI channel. faults: runs that come before, must
    end early and be named, each followed by a whole run. Raises SimulationError if the engine reports another
    error, leaves other results, or does not end.
    """
    count = len(frames)
    layout = MemoryLayout.of(program, count)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        program.save(folder)
        (folder / "frames.bin").write_bytes(program.pack_frames(frames))
        description = {
            "frames": count,
            "stalls": stalls,
            "layout": asdict(layout),
            "limit": LIMIT_FACTOR * program.predicted_cycles(count),
            "instructions": len(program.instructions),
        }
        (folder / "run.json").write_text(json.dumps(description))
        write_faults(folder / "faults.json", faults)
        cocotb_runner.run(
            simulation,
            "twofold.sim.benches.engine",
            env={"ENGINE_RUN": str(folder)},
            seed=seed,
            timeout=timeout,
        )
        counters = json.loads((folder / "counters.json").read_text())
        results = program.unpack_results((folder / "results.bin").read_bytes(), count)
    cycles, by_instruction = counters.pop("cycles"), tuple(counters.pop("instructions"))
    return EngineRun(count, results, cycles, by_instruction, counters)


def shaped(network: Network, run: EngineRun) -> Mapping[str, IntArray]:
    """A run's results with the shapes of the network's tensors."""
    return {
        name: values.reshape(run.frames, *network.tensors[name].shape) for name, values in run.results.items()
    }
