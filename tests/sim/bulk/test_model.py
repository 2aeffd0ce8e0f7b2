"""The engine in this process: registers by name, limits, traces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.rtl.bus.engine_registers import ENGINE_ID
from twofold.rtl.geometry import Geometry, PeName
from twofold.sim.bulk.library import EngineLibrary, build_library
from twofold.sim.bulk.model import EngineModel
from twofold.sim.cocotb_runner import SimulationError

BUILD = Path("build/engine")


@pytest.mark.parametrize("stalls", [0.0, 0.7])
def test_registers_have_names(stalls: float, library: EngineLibrary) -> None:
    with EngineModel(library, np.zeros(4096, np.uint8), stalls=stalls) as model:
        assert model.read("ID") == ENGINE_ID
        model.write("FRAMES", 77)
        assert model.read("FRAMES") == 77


def test_two_models_of_a_library_do_not_meet(library: EngineLibrary) -> None:
    memory = np.zeros(4096, np.uint8)
    with EngineModel(library, memory) as one, EngineModel(library, memory) as other:
        one.write("FRAMES", 5)
        assert (one.read("FRAMES"), other.read("FRAMES")) == (5, 1)
        assert one.clocks > other.clocks


def test_what_does_not_end_is_a_failure(library: EngineLibrary) -> None:
    with EngineModel(library, np.zeros(4096, np.uint8)) as model:
        model.write("FRAMES", 1 << 30)
        with pytest.raises(SimulationError, match=r"^FRAMES is 0x40000000 after 500 cycles, expected 0x4"):
            model.wait("FRAMES", 1 << 30, 500)
        assert model.clocks >= 500


def test_a_trace_needs_a_library_with_waves(library: EngineLibrary, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^waves: expected a library that is built with waves=True"):
        EngineModel(library, np.zeros(4096, np.uint8), waves=tmp_path / "a.vcd")


def test_a_run_leaves_a_trace_of_the_whole_design(tmp_path: Path) -> None:
    small = Geometry(kinds=(PeName.INT_MUL,), activation_words=64, parameter_words=64, instructions=16)
    library = build_library(small, BUILD, optimise="-O0", waves=True)
    with EngineModel(library, np.zeros(4096, np.uint8), waves=tmp_path / "run.vcd") as model:
        model.write("FRAMES", 3)
    trace = (tmp_path / "run.vcd").read_text()
    assert "m_axi_araddr" in trace
    assert trace.count("$var") > 1000
