"""One row of the bench of engines: a network on a geometry, compared, counted, and synthesised."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twofold.golden.compare import Check, compare
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.plan.program import Program
from twofold.plan.schedule import plan, result_maps
from twofold.rtl.geometry import Geometry
from twofold.rtl.primitives.family import Family
from twofold.sim.bulk.library import EngineLibrary, build_library
from twofold.sim.bulk.run import BulkRun, run_bulk
from twofold.sim.engine import shaped
from twofold.sim.layer_use import CAUSES, LayerUse, layer_uses, slots_per_cycle
from twofold.synth.devices import Device
from twofold.synth.engine import engine_path, synthesise_engine

BUILDS = Path("build/bulk")


@dataclass(frozen=True)
class Conditions:
    """Of the exact run: frames of random codes, and the share of cycles in which a channel pauses."""

    frames: int
    stalls: float
    seed: int


@dataclass(frozen=True, eq=False)
class Steady:
    """A run without stalls that stores the output alone: whether it is the golden model's, cycles of a
    further frame, and where they went in the last."""

    check: Check
    predicted: int
    simulated: int
    uses: tuple[LayerUse, ...]
    run: BulkRun


def library_of(geometry: Geometry) -> EngineLibrary:
    """The engine compiled for this bench, or what an earlier row left."""
    return build_library(geometry, BUILDS, optimise="-O1")


def frames_of(network: Network, frames: int, seed: int) -> IntArray:
    """Random codes of the input's type, [frames, *shape]."""
    type_ = network.input.type
    shape = (frames, *network.input.shape)
    return np.random.default_rng(seed).integers(type_.lo, type_.hi, shape, np.int64, endpoint=True)


def check_layers(
    network: Network, geometry: Geometry, library: EngineLibrary, conditions: Conditions
) -> Check:
    """Every layer's integers, stored by a traced program, against the golden model."""
    program = plan(network, geometry, traced=True)
    codes = frames_of(network, conditions.frames, conditions.seed)
    run = run_bulk(library, program, codes, stalls=conditions.stalls, seed=conditions.seed)
    required = tuple(map_.name for map_ in result_maps(network))
    return compare(network.name, ("golden", execute(network, codes)), ("rtl", shaped(network, run)), required)


def steady_state(network: Network, program: Program, library: EngineLibrary, seed: int) -> Steady:
    """The difference between runs of six frames and of three, by the hardware's own counter. Layers follow
    each other as they do on a board; a program that stores them all has a STORE between any two."""
    short, long = 3, 6
    codes = frames_of(network, long, seed)
    first, run = run_bulk(library, program, codes[:short]), run_bulk(library, program, codes)
    predicted = program.predicted_cycles(long) - program.predicted_cycles(short)
    further = long - short
    uses = tuple(layer_uses(network, program, run.instruction_cycles))
    results = ("golden", execute(network, codes)), ("rtl", shaped(network, run))
    check = compare(network.name, *results, (network.output_name,))
    return Steady(check, round(predicted / further), round((run.cycles - first.cycles) / further), uses, run)


def simulation_columns(geometry: Geometry, check: Check, steady: Steady) -> dict[str, Any]:
    """Exactness, cycles, utilisation by layer and cause, and the simulator's speed."""
    slots = steady.simulated * slots_per_cycle(geometry)
    return {
        "check": str(check.status),
        "frames": check.frames,
        "elements": check.elements,
        "mismatches": check.mismatches,
        "detail": check.detail,
        "output": {name: getattr(steady.check, name) for name in ("elements", "mismatches")},
        "cycles_per_frame": {"predicted": steady.predicted, "simulated": steady.simulated},
        "utilisation": sum(use.macs for use in steady.uses) / slots,
        "waste": _waste(steady, slots),
        "layers": [_layer(use) for use in steady.uses],
        "simulation": {
            "clocks": steady.run.clocks,
            "cpu_seconds": round(steady.run.seconds, 3),
            "clocks_per_cpu_second": round(steady.run.clocks / steady.run.seconds),
        },
    }


def synthesis_columns(geometry: Geometry, device: Device) -> dict[str, Any]:
    """The engine from the 7 series' primitives by Yosys, and whether the device holds it. Takes minutes."""
    mapped = replace(geometry, family=Family.XC7)
    path = engine_path(mapped)  # first: it keeps the netlist, whose cells the other then needs not make again
    used = synthesise_engine(mapped)
    return {
        "resources": asdict(used) | {"depth": {"lut": path.luts, "carry": path.carries, "path": str(path)}},
        "shares": device.shares(used),
        "device": device.name,
        "fits": device.fits(used),
    }


def _waste(steady: Steady, slots: int) -> dict[str, float]:
    """Shares of a frame's slots: by cause in layers with weights, those without weights, and no layer."""
    weighted = [use for use in steady.uses if use.macs]
    found = {cause: sum(getattr(use, cause) for use in weighted) / slots for cause in CAUSES}
    found["layers without weights"] = sum(use.slots for use in steady.uses if not use.macs) / slots
    found["transfers"] = 1 - sum(use.slots for use in steady.uses) / slots
    return found


def _layer(use: LayerUse) -> dict[str, Any]:
    names = ("name", "kind", "pe", "macs", "predicted", "simulated", "utilisation", "waste")
    return {name: getattr(use, name) for name in names}
