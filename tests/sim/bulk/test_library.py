"""Compiled engines are kept under a hash of what goes into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.rtl.geometry import Geometry
from twofold.sim.bulk import library as built
from twofold.sim.bulk.library import EngineLibrary, build_library
from twofold.sim.cocotb_runner import SimulationError


def test_a_second_build_is_the_first(library: EngineLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "_compile", None)
    folder = library.path.parent
    assert build_library(library.geometry, folder, optimise="-O1") == library
    with pytest.raises(TypeError):
        build_library(library.geometry, folder, optimise="-O3")


def test_a_design_that_does_not_compile_is_a_failure(
    geometry: Geometry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built, "engine_verilog", lambda geometry: "module engine; no such thing; endmodule")
    with pytest.raises(SimulationError, match=r"^verilator could not build the engine:\n(.|\n)*syntax error"):
        build_library(geometry, tmp_path)
    assert not list(tmp_path.iterdir())
