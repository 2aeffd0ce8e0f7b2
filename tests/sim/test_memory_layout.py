"""Where a simulation puts program, model, frames and results."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.bus.register_map import Access
from twofold.rtl.geometry import Geometry
from twofold.sim.memory_layout import PAGE, MemoryLayout


@pytest.fixture(scope="module")
def program() -> Program:
    network = import_model(Path(__file__).parents[1] / "assets" / "apot" / "model.onnx")
    return plan(network, Geometry())


@pytest.mark.parametrize("frames", [1, 100])
def test_regions_begin_at_pages_and_do_not_overlap(program: Program, frames: int) -> None:
    layout = MemoryLayout.of(program, frames)
    regions = [
        (layout.program, len(program.code)),
        (layout.model, len(program.image)),
        (layout.input, frames * program.input_stride),
        (layout.output, frames * program.output_stride),
    ]
    assert all(start % PAGE == 0 for start, _ in regions)
    assert all(start + size <= later for (start, size), (later, _) in pairwise(regions))
    assert layout.output_bytes == frames * program.output_stride


def test_every_register_of_a_run_is_written(program: Program) -> None:
    written = MemoryLayout.of(program, 7).registers(7)
    run = {register.name for register in engine_registers(8, 8).registers if register.access is Access.RW}
    assert written.keys() == run - {"LAYER_CYCLES_INDEX", "WATCHDOG"}
    assert written["FRAMES"] == 7
