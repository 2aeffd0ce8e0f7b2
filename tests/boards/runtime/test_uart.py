"""The unmodified runtime over a pseudo-terminal, and the Arty A7's bridge and engine, simulated."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twofold.boards.board import Board
from twofold.boards.board_file import CATALOGUE, read_board
from twofold.boards.design import EngineDesign
from twofold.boards.project import generate
from twofold.building.selftest import selftest_files
from twofold.golden.codes import dequantise, quantise
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.plan.program import Program
from twofold.qonnx.importer.load import Imported
from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry
from twofold.rtl.verilog import to_verilog
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run
from twofold.sim.fabric import TOP, fabric_verilog

BENCH = "twofold.sim.benches.board_uart"
DIVISOR = 4
PROGRAM = Path(__file__).with_name("use_uart.py")


@pytest.fixture(scope="module")
def arty(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """The board with a fast UART, so that less is simulated for a byte."""
    path = tmp_path_factory.mktemp("arty") / "arty.toml"
    text = (CATALOGUE / "arty-a7-100t.toml").read_text()
    path.write_text(text.replace("baud = 2000000", f"baud = {100_000_000 // DIVISOR}"))
    return read_board(path)


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    arty: Board,
    geometry: Geometry,
    imported: Imported,
    program: Program,
    finish: Callable[[Path], Path],
) -> tuple[Path, Simulation]:
    """The board folder, and the project's Verilog compiled."""
    base = tmp_path_factory.mktemp("uart")
    to_verilog(Engine(geometry), "engine", base / "engine.v")
    selftest = selftest_files(imported.network, program, arty, imported.reader)
    design = EngineDesign(base / "engine.v", program, selftest)
    generate(arty, design, base / "project")
    (base / "fabric.v").write_text(fabric_verilog(geometry, DIVISOR))
    rtl = base / "project" / "rtl"
    sources = [rtl / "engine.sv", rtl / "uart_bridge.sv", base / "fabric.v"]
    return finish(base / "project"), build(sources, TOP, base / "built", optimise="-O0")


def environment(folder: Path, tmp_path: Path, *command: str) -> dict[str, str]:
    return {
        "BOARD_COMMAND": json.dumps([sys.executable, *command]),
        "BOARD_DIVISOR": str(DIVISOR),
        "BOARD_MANIFEST": str(folder / "manifest.json"),
        "BOARD_FAULT": str(tmp_path / "fault"),
    }


def test_the_runtime_predicts_over_the_uart_and_names_what_goes_wrong(
    built: tuple[Path, Simulation],
    network: Network,
    program: Program,
    wrong_folders: Callable[[Path, Path], dict[Path, str]],
    tmp_path: Path,
) -> None:
    folder, simulation = built
    images, results, fault = tmp_path / "images.npy", tmp_path / "results.npz", tmp_path / "fault"
    np.save(images, np.random.default_rng(1).random((3, 2, 4, 4)))
    wrong = wrong_folders(folder, tmp_path)
    command = (str(word) for word in (PROGRAM, folder, "PORT", images, results, fault, *wrong))
    run(simulation, BENCH, env=environment(folder, tmp_path, *command))
    found = np.load(results)
    golden = execute(network, quantise(np.load(images), network.input.type))["logits"]
    assert (found["logits"] == dequantise(golden, network.output.type)).all()
    assert (found["frames"], found["cycles"] > 3 * program.frame_cycles) == (3, True)
    assert str(found["tested"]).startswith("self-test passed: 3 frames, ")
    for refusal, reason in zip(found["refusals"], wrong.values(), strict=True):
        assert reason in refusal
    assert "the bus answered SLVERR" in str(found["nowhere"])
    assert str(found["abort"]) == "the run was aborted; start it again"
    assert str(found["timeout"]).startswith("the engine is still busy after 0.05 s, 0 frames done")
    assert str(found["error"]).startswith("the run failed: READ_RESPONSE")
    assert (found["after"] == found["logits"][:1]).all(), "the next run is right"


def test_a_program_that_fails_fails_the_bench(built: tuple[Path, Simulation], tmp_path: Path) -> None:
    folder, simulation = built
    with pytest.raises(SimulationError, match="the program ended with 3"):
        run(simulation, BENCH, env=environment(folder, tmp_path, "-c", "raise SystemExit(3)"))
