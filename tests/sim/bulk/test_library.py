"""Compiled engines are kept under a hash of what goes into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.rtl.geometry import Geometry
from twofold.sim.bulk import library as built
from twofold.sim.bulk.library import build_library
from twofold.sim.verilator import BuildError


def test_an_engine_is_compiled_once_for_each_source_and_flag(
    geometry: Geometry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []

    def compile_(work: Path, optimise: str, waves: bool) -> None:
        compiled.append((work / "engine.sv").read_text() + optimise)
        (work / "objects").mkdir()
        (work / "objects" / "engine.so").touch()

    monkeypatch.setattr(built, "_compile", compile_)
    for source, optimise in (("a", "-O1"), ("a", "-O1"), ("a", "-O2"), ("b", "-O1"), ("a", "-O2")):
        monkeypatch.setattr(built, "engine_verilog", lambda geometry, source=source: source)
        assert build_library(geometry, tmp_path, optimise=optimise).path.is_file()
    assert compiled == ["a-O1", "a-O2", "b-O1"]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_design_that_does_not_compile_is_a_failure(
    geometry: Geometry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built, "engine_verilog", lambda geometry: "module engine; no such thing; endmodule")
    with pytest.raises(BuildError, match=r"^verilator could not build the engine:\n(.|\n)*syntax error"):
        build_library(geometry, tmp_path)
    assert not list(tmp_path.iterdir())
