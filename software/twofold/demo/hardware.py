"""A model's hardware: its engine simulated for cycles and synthesised for area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twofold.golden.compare import Check, compare
from twofold.network.graph import Network
from twofold.plan.program import Program
from twofold.plan.smallest import smallest
from twofold.sim.bulk.library import build_library
from twofold.sim.bulk.run import BulkRun, run_bulk
from twofold.sim.engine import shaped
from twofold.sim.layer_use import layer_uses
from twofold.verification.candidates import Subject


@dataclass(frozen=True, eq=False)
class Timing:
    """The program as it ships, run on unstalled memory: cycles, and the check of its logits."""

    program: Program
    run: BulkRun
    check: Check

    @property
    def cycles_per_frame(self) -> Mapping[str, int]:
        """Start to done over all frames, program, weights and transfers included, divided by the frames."""
        frames = self.run.frames
        return {
            "predicted": round(self.program.predicted_cycles(frames) / frames),
            "simulated": round(self.run.cycles / frames),
        }


def measure(subject: Subject) -> Timing:
    """Runs the subject's frames back to back on the engine, nothing stored but the output."""
    network = subject.network
    program = smallest(network)
    library = build_library(program.geometry, subject.work / "rtl", optimise="-O1")
    run = run_bulk(library, program, subject.frames)
    output = network.output
    found = shaped(network, run)
    check = compare(subject.name, ("golden", subject.golden), ("rtl, untraced", found), (output.name,))
    return Timing(program, run, check)


def layer_rows(network: Network, timing: Timing) -> list[dict[str, Any]]:
    """A row for each layer of the engine: PE kind, MACs, cycles of a frame, and how busy its MACs were.

    utilisation: MACs of the network over MACs that the PE array could do in the layer's cycles.
    """
    names = ("name", "kind", "pe", "macs", "predicted", "simulated", "utilisation")
    uses = layer_uses(network, timing.program, timing.run.instruction_cycles)
    return [{name: getattr(use, name) for name in names} for use in uses]
