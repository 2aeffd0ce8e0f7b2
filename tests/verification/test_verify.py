"""The engine that is simulated is the one that is built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from twofold import api
from twofold.boards import choose
from twofold.boards.board_file import load_board
from twofold.errors import UserError
from twofold.golden.compare import Check, Status
from twofold.golden.execute import execute
from twofold.hls.csim import CsimError
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.plan.program import Program
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry
from twofold.rtl.primitives.family import Family
from twofold.synth.utilisation import Utilisation
from twofold.verification import candidates
from twofold.verification.verify import verify

MODEL = Path(__file__).parents[1] / "assets" / "int8" / "model.onnx"
BOARD = "pynq-z2"


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """What golden would be run on, in place of a simulation that takes minutes."""
    programs: list[Program] = []

    def stand_in(
        network: Network, program: Program, frames: IntArray, *_: Any, **__: Any
    ) -> Mapping[str, IntArray]:
        programs.append(program)
        return execute(network, frames)

    monkeypatch.setattr(candidates, "run_rtl", stand_in)
    return programs


@pytest.fixture
def few_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """One and two tiles of 8 lanes, in place of all that are tried."""

    def engines(network: Network, family: Family, device: choose.Budget) -> tuple[Program, ...]:
        proposed = (propose(network, 8, tiles=tiles, family=family, device=device) for tiles in (1, 2))
        return tuple(plan(network, geometry) for geometry in proposed)

    monkeypatch.setattr(choose, "engines", engines)


@pytest.fixture
def synthesised(monkeypatch: pytest.MonkeyPatch) -> list[Geometry]:
    geometries: list[Geometry] = []

    def stand_in(geometry: Geometry, *, family: str) -> Utilisation:
        geometries.append(geometry)
        return Utilisation(0, 0, 0, 0, 0, 0, 0.0, 0.0)

    monkeypatch.setattr(api, "synthesise_engine", stand_in)
    return geometries


@pytest.mark.parametrize("factor", [None, 0.9, 1.1])
def test_what_is_built_is_simulated_and_synthesised(
    few_engines: None,
    simulated: list[Program],
    synthesised: list[Geometry],
    tmp_path: Path,
    factor: float | None,
) -> None:
    smallest = choose.choose_smallest(api.import_model(MODEL), load_board(BOARD))
    target = None if factor is None else factor * smallest.frames_per_second
    api.build(MODEL, BOARD, "rtl", tmp_path / "p", target_fps=target)
    built = Program.load(tmp_path / "p" / "board").geometry
    assert (built.tiles, built.family) == (2 if factor == 1.1 else 1, Family.XC7)
    (check,) = verify(MODEL, "rtl", frames=2, work=tmp_path, board=BOARD, target_fps=target)
    assert check.status is Status.PASS
    api.synthesise(MODEL, BOARD, target_fps=target)
    assert [program.geometry for program in simulated] == synthesised == [built]


def test_without_a_board_the_smallest_engine_is_simulated(simulated: list[Program], tmp_path: Path) -> None:
    verify(MODEL, "rtl", frames=2, work=tmp_path)
    assert (simulated[0].geometry.tiles, simulated[0].geometry.family) == (1, Family.PORTABLE)


def test_a_target_alone_is_of_the_board_that_build_takes(
    few_engines: None, simulated: list[Program], tmp_path: Path
) -> None:
    verify(MODEL, "rtl", frames=2, work=tmp_path, target_fps=1)
    assert simulated[0].geometry.family is Family.XC7


def test_a_target_that_cannot_be_met_is_refused_before_any_road(few_engines: None, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected 1e\+09 frames a second on TUL PYNQ-Z2 .* the best"):
        verify(MODEL, ["qonnx", "rtl"], frames=2, work=tmp_path, target_fps=1e9)
    with pytest.raises(UserError, match="target: expected more than 0 frames a second, got 0"):
        verify(MODEL, ["rtl"], frames=2, work=tmp_path, target_fps=0)


def test_a_board_without_its_engine_is_refused(tmp_path: Path) -> None:
    for given in ({"board": BOARD}, {"target_fps": 10}):
        with pytest.raises(UserError, match=r"expected rtl beside a board or a target .*, got qonnx"):
            verify(MODEL, ["golden", "qonnx"], work=tmp_path, **given)


def test_a_c_simulation_that_stops_fails_and_a_missing_compiler_is_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def road(stopped: Exception) -> Check:
        def stop(*_: object) -> None:
            raise stopped

        monkeypatch.setattr(candidates, "generate", lambda *_: None)
        monkeypatch.setattr(candidates, "run_csim", stop)
        return verify(MODEL, "hls", frames=1, work=tmp_path)[0]

    failed, not_run = road(CsimError("a stream was read while empty")), road(UserError("no g++"))
    assert (failed.status, failed.detail) == (Status.FAIL, "a stream was read while empty")
    assert (not_run.status, not_run.detail) == (Status.NOT_RUN, "no g++")


@pytest.mark.parametrize("frames", [0, -1])
def test_no_frames_are_refused(frames: int) -> None:
    with pytest.raises(UserError, match=f"frames: expected at least 1, got {frames}"):
        verify(MODEL, "qonnx", frames)
