"""The runtime's packing, its refusals, and whole predictions and failures on the simulated engine."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.boards.board import Board
from twofold.boards.design import EngineDesign
from twofold.boards.project import generate
from twofold.building.selftest import selftest_files
from twofold.golden.codes import dequantise, quantise
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.network.host import UNKNOWN
from twofold.network.types import IntArray
from twofold.plan.columns import Columns
from twofold.plan.program import Program
from twofold.qonnx.importer.load import Imported
from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.control.run_errors import CAUSES, NO_INSTRUCTION, Cause
from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry
from twofold.rtl.verilog import to_verilog
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.board_runtime"
CONTROL = engine_registers(8, 8)["CONTROL"].offset
START, ABORT = (CONTROL, 1), (CONTROL, 2)
Load = Callable[..., tuple[Any, Any]]
Finish = Callable[[Path], Path]


def random_frames(network: Network, count: int) -> IntArray:
    return np.random.default_rng(5).integers(0, 256, (count, *network.input.shape))


def test_frames_are_packed_as_the_program_says(
    load: Load, folder: Path, program: Program, network: Network
) -> None:
    load(folder)
    from twofold_runtime import frames

    codes = random_frames(network, 3)
    columns = program.description()["input"]["columns"]
    assert frames.pack(frames.side_by_side(codes, columns), 8).tobytes() == program.pack_frames(codes)
    for given in (columns, None, {**columns, "stride": 2, "dilation": 3, "before": 4, "width": 3, "fill": 9}):
        expected = Columns(**given).side_by_side(codes) if given else codes
        assert (frames.side_by_side(codes, given) == expected).all()
    wide = np.arange(2 * 20 * 3 * 5).reshape(2, 20, 3, 5) % 256
    assert frames.pack(wide, 8).shape == (2, 3 * 15 * 8)


def test_results_are_unpacked_as_the_program_says(load: Load, folder: Path, program: Program) -> None:
    load(folder)
    from twofold_runtime import frames

    data = np.random.default_rng(6).integers(0, 256, (4, program.output_stride), np.uint8)
    region = program.description()["outputs"][0]
    expected = program.unpack_results(data.tobytes(), 4)["logits"].reshape(4, -1)
    assert (frames.unpack(data, region, 8) == expected).all()


def test_images_are_quantised_as_the_golden_model_does(load: Load, folder: Path, network: Network) -> None:
    runtime, _ = load(folder)
    images = np.resize(np.concatenate([np.arange(-4, 1028) / 512, [5.0, -1.0]]), (33, 2, 4, 4))
    found = runtime.Accelerator(folder).quantise(images)
    assert (found == quantise(images, network.input.type)).all()
    with pytest.raises(runtime.AcceleratorError, match="images: expected numbers, found NaN among them"):
        runtime.Accelerator(folder).quantise(np.full((1, 2, 4, 4), np.nan))


def test_a_result_of_the_zero_point_is_0(load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, _ = load(folder)
    accelerator = runtime.Accelerator(folder)
    program = accelerator._program
    monkeypatch.setitem(program.regions[0]["map"], "zero_point", 9)
    monkeypatch.setattr(accelerator, "run", lambda codes: np.array([[9, 10]]))
    assert (accelerator.logits(np.zeros((1, 2, 4, 4))) == [[0, program.output_scale]]).all()


def test_images_are_refused_where_no_program_says_how_they_are_read(
    load: Load, board: Board, shell: Path, program: Program, finish: Finish, tmp_path: Path
) -> None:
    generate(board, EngineDesign(shell, replace(program, host=UNKNOWN)), tmp_path / "unknown")
    runtime, _ = load(finish(tmp_path / "unknown"))
    accelerator = runtime.Accelerator(tmp_path / "unknown" / "board")
    message = "images: they cannot be quantised, as no model file says .*; pass codes to run()"
    for use in (accelerator.predict, accelerator.logits, accelerator.quantise):
        with pytest.raises(runtime.AcceleratorError, match=message):
            use(np.zeros((1, 2, 4, 4)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("image.bin", b"other weights", "image.bin: expected sha256 .* copy the whole board folder again"),
        ("code.bin", None, "expected a file .*code.bin, found none"),
        ("twofold.bit", None, "expected a file .*twofold.bit, found none"),
        ("twofold.design", b"0123456789ab", "twofold.bit: expected one of design .* run Vivado again"),
        ("manifest.json", b"{", "manifest.json: expected JSON"),
        ("manifest.json", b'{"format": "other"}', "manifest.json: expected 'twofold board 2', found 'other'"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    load: Load, folder: Path, name: str, content: bytes | None, message: str
) -> None:
    runtime, _ = load(folder)
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(runtime.AcceleratorError, match=message):
        runtime.Accelerator(folder)


@pytest.mark.parametrize(("register", "value"), [("ID", 0), ("VERSION", 7), ("GEOMETRY", 16 | 16 << 8)])
def test_another_engine_is_refused(load: Load, folder: Path, register: str, value: int) -> None:
    runtime, _ = load(folder, **{register: value})
    with pytest.raises(runtime.AcceleratorError, match=f"register {register}: .* holds another engine"):
        runtime.Accelerator(folder)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (0b0110, "the run failed: NO_END at instruction 2 LOAD input. The program goes on after its last"),
        (0b1010, "the run was aborted"),
        (0b0000, "the run ended without being done"),
        (0b0001, "the engine is still busy after 0.05 s, 0 frames done"),
        (0b0010, "expected 1 frames done, found 0"),
    ],
)
def test_a_failed_run_is_an_error(
    load: Load,
    folder: Path,
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    message: str,
) -> None:
    read = chain([0, 0], repeat(status))
    runtime, registers = load(folder, STATUS=read, FRAMES_DONE=0, ERROR=Cause.NO_END | 2 << 16)
    monkeypatch.setattr("twofold_runtime.engine.STOP_SECONDS", 0.01)
    accelerator = runtime.Accelerator(folder, timeout=0.05)
    with pytest.raises(runtime.AcceleratorError, match=message):
        accelerator.run(random_frames(network, 1))
    assert (ABORT in registers.written) == bool(status & 1), "only a run that hangs is aborted"


def test_a_run_under_way_is_ended_before_another_is_started(
    load: Load, folder: Path, network: Network
) -> None:
    """STATUS: idle at first, busy with somebody's run, idle once it is aborted, done."""
    runtime, registers = load(folder, STATUS=chain([0, 1, 1, 1, 0b1010], repeat(0b10)), FRAMES_DONE=1)
    runtime.Accelerator(folder).run(random_frames(network, 1))
    assert registers.written[0] == ABORT, "no register changes under the run"
    assert registers.written.count(ABORT) == registers.written.count(START) == 1
    assert registers.written[-1] == START


def test_an_engine_that_goes_on_after_abort_is_not_started(
    load: Load, folder: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, registers = load(folder, STATUS=chain([0], repeat(1)))
    monkeypatch.setattr("twofold_runtime.engine.STOP_SECONDS", 0.01)
    accelerator = runtime.Accelerator(folder)
    message = r"expected it idle 0.01 s after ABORT, found it busy with an earlier run \(STATUS 0x1\); check"
    with pytest.raises(runtime.AcceleratorError, match=message):
        accelerator.run(random_frames(network, 1))
    assert set(registers.written) == {ABORT}


def test_a_run_that_an_earlier_process_left_is_ended_before_memory_is_written(
    load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, registers = load(folder, STATUS=chain([1], repeat(0b1010)))
    monkeypatch.setattr("twofold_runtime.accelerator.Program", lambda *_: pytest.fail("memory is written"))
    with pytest.raises(pytest.fail.Exception):
        runtime.Accelerator(folder)
    assert registers.written == [ABORT]


def test_an_interrupted_run_is_aborted(
    load: Load, folder: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, registers = load(folder, STATUS=chain([0, 0, 1, 1], repeat(0b1010)))
    accelerator = runtime.Accelerator(folder)
    monkeypatch.setattr(accelerator._engine, "finish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        accelerator.run(random_frames(network, 1))
    assert registers.written[-2:] == [START, ABORT]


def test_an_interrupt_counts_more_than_an_abort_that_fails(
    load: Load, folder: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, _ = load(folder, STATUS=chain([0, 0], repeat(1)))
    monkeypatch.setattr("twofold_runtime.engine.STOP_SECONDS", 0.01)
    accelerator = runtime.Accelerator(folder)
    monkeypatch.setattr(accelerator._engine, "finish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        accelerator.run(random_frames(network, 1))


def test_an_interrupted_self_test_is_aborted(
    load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, registers = load(folder, STATUS=chain([0, 0, 1], repeat(0b1010)))
    accelerator = runtime.Accelerator(folder)
    monkeypatch.setattr(accelerator._engine, "finish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        accelerator.selftest()
    assert registers.written[-2:] == [START, ABORT]


def test_a_self_test_of_an_engine_that_writes_nothing_finds_nothing(
    load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even what an earlier run left: found are the bytes that every buffer is filled with."""
    runtime, _ = load(folder)
    accelerator = runtime.Accelerator(folder)
    monkeypatch.setattr(accelerator._engine, "finish", lambda *_: None)
    difference = accelerator.selftest().difference
    assert re.search(r"element 0 of frame 0: expected -?\d+, found (165|-91);", difference)


def interrupt(*_: Any) -> None:
    """As Ctrl-C does."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("cause", list(Cause)[1:])
def test_every_cause_is_named_with_its_meaning(
    load: Load, folder: Path, network: Network, cause: Cause
) -> None:
    runtime, _ = load(folder, STATUS=0b0110, ERROR=cause | NO_INSTRUCTION << 16)
    message = re.escape(f"the run failed: {cause.name}. {CAUSES[cause]}")
    with pytest.raises(runtime.AcceleratorError, match=f"^{message}"):
        runtime.Accelerator(folder).run(random_frames(network, 1))


def test_images_of_another_shape_are_refused(load: Load, folder: Path) -> None:
    runtime, _ = load(folder)
    accelerator = runtime.Accelerator(folder)
    with pytest.raises(
        runtime.AcceleratorError, match=r"images: expected shape \[N, 2, 4, 4\], found \(1, 4, 4\)"
    ):
        accelerator.predict(np.zeros((1, 4, 4)))
    with pytest.raises(
        runtime.AcceleratorError, match=r"codes: expected shape \[N, 2, 4, 4\], found \(2, 4, 4, 2\)"
    ):
        accelerator.run(np.zeros((2, 4, 4, 2), np.int64))
    with pytest.raises(runtime.AcceleratorError, match="codes: expected integers, found float64"):
        accelerator.run(np.zeros((2, 2, 4, 4)))
    with pytest.raises(runtime.AcceleratorError, match="codes: expected at least one frame, found none"):
        accelerator.predict(np.zeros((0, 2, 4, 4)))


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    board: Board,
    geometry: Geometry,
    imported: Imported,
    program: Program,
    finish: Finish,
) -> tuple[Path, Simulation]:
    """The board folder of the real engine, and the project's Verilog compiled."""
    base = tmp_path_factory.mktemp("runtime")
    to_verilog(Engine(geometry), "engine", base / "engine.v")
    selftest = selftest_files(imported.network, program, board, imported.reader)
    design = EngineDesign(base / "engine.v", program, selftest)
    generate(board, design, base / "project")
    sources = [base / "project" / "rtl" / name for name in ("engine.sv", "twofold_engine.v")]
    return finish(base / "project"), build(sources, "twofold_engine", base / "built", optimise="-O0")


def environment(
    folder: Path, images: Path, results: Path, wrong: Mapping[Path, str] | None = None
) -> dict[str, str]:
    names = {"BOARD_FOLDER": folder, "BOARD_IMAGES": images, "BOARD_RESULTS": results, "BOARD_BATCH": 2}
    reasons = {str(path): reason for path, reason in (wrong or {}).items()}
    return {"BOARD_WRONG": json.dumps(reasons)} | {name: str(value) for name, value in names.items()}


def test_the_runtime_predicts_on_the_simulated_engine(
    built: tuple[Path, Simulation],
    network: Network,
    program: Program,
    wrong_folders: Callable[[Path, Path], dict[Path, str]],
    tmp_path: Path,
) -> None:
    folder, simulation = built
    images = np.random.default_rng(1).random((3, 2, 4, 4))
    np.save(tmp_path / "images.npy", images)
    wrong = wrong_folders(folder, tmp_path)
    run(simulation, BENCH, env=environment(folder, tmp_path / "images.npy", tmp_path / "results.npz", wrong))
    results = np.load(tmp_path / "results.npz")
    golden = execute(network, quantise(images, network.input.type))["logits"]
    assert (results["logits"] == dequantise(golden, network.output.type)).all()
    assert results["labels"] == golden[0].argmax()
    assert results["frames"] == 3
    assert 3 * program.frame_cycles < results["cycles"]
    assert results["macs"] == 3 * macs(program)
    assert str(results["tested"]).startswith("self-test passed: 3 frames, ")
    assert str(results["tested"]).endswith(" integers of 2 layers, 128 images quantised")
    assert len(results["layer_cycles"]) == len(program.instructions)


def macs(program: Program) -> int:
    """Of a frame on an engine of one tile and kinds of `lanes` inputs, idle lanes included."""
    layers = [step.fields for step in program.instructions if step.fields.get("pe")]
    names = ("out_groups", "in_blocks", "taps_y", "taps_x", "out_height", "out_width")
    return sum(math.prod(fields[name] for name in names) for fields in layers) * program.geometry.lanes**2


def test_a_runtime_that_forgets_to_flush_fails(built: tuple[Path, Simulation], tmp_path: Path) -> None:
    folder, simulation = built
    link = folder / "twofold_runtime" / "pynq_link.py"
    text, manifest = link.read_text(), folder / "manifest.json"
    shipped = manifest.read_text()
    wanted = "content.reshape(-1)\n        self._array.flush()"
    assert text.count(wanted) == 1
    images = np.random.default_rng(1).random((1, 2, 4, 4))
    np.save(tmp_path / "images.npy", images)
    link.write_text(text.replace(wanted, "content.reshape(-1)"))
    manifest.write_text(shipped.replace(sha256_of(text), sha256_of(link.read_text())))
    env = environment(folder, tmp_path / "images.npy", tmp_path / "results.npz")
    try:
        with pytest.raises(SimulationError, match="the run failed"):
            run(simulation, BENCH, tests="predict", env=env)
    finally:
        link.write_text(text)
        manifest.write_text(shipped)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_program_that_is_not_there_fails_the_bench(built: tuple[Path, Simulation], tmp_path: Path) -> None:
    _, simulation = built
    np.save(tmp_path / "images.npy", np.zeros((1, 2, 4, 4)))
    env = environment(tmp_path, tmp_path / "images.npy", tmp_path / "results.npz")
    with pytest.raises(SimulationError, match=r"failing tests: \['predict'\]"):
        run(simulation, BENCH, tests="predict", env=env)
