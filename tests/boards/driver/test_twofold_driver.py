"""The driver's packing, its refusals, and a whole prediction on the simulated engine."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twofold.boards.board import Board
from twofold.boards.project import generate
from twofold.golden.codes import dequantise, quantise
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.plan.program import Program
from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry
from twofold.rtl.run_errors import CAUSES, NO_INSTRUCTION, Cause
from twofold.rtl.verilog import to_verilog
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.board_driver"


class Registers:
    """`MMIO` whose registers keep what is written; those of `values` always read the same."""

    def __init__(self, values: dict[str, int]):
        map_ = engine_registers(8, 8)
        self.content = {register.offset: register.reset for register in map_.registers}
        self.fixed = {map_[name].offset: value for name, value in values.items()}
        self.written: list[tuple[int, int]] = []

    def read(self, offset: int) -> int:
        return self.fixed.get(offset, self.content[offset])

    def write(self, offset: int, value: int) -> None:
        self.written.append((offset, value))
        self.content[offset] = value


class Buffer(np.ndarray):
    device_address = 0x1000

    def flush(self) -> None: ...

    def invalidate(self) -> None: ...


def driver_with(monkeypatch: pytest.MonkeyPatch, folder: Path, **values: int) -> tuple[Any, Registers]:
    """The folder's driver over a PYNQ whose engine does nothing; values: what registers read as."""
    registers = Registers(values)
    pynq = ModuleType("pynq")
    vars(pynq).update(
        Overlay=lambda path: SimpleNamespace(
            ip_dict={"engine_0": {"phys_addr": 1 << 30, "addr_range": 4096}}
        ),
        MMIO=lambda base, length: registers,
        allocate=lambda shape, dtype: np.zeros(shape, dtype).view(Buffer),
    )
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    spec = importlib.util.spec_from_file_location("driver_under_test", folder / "twofold_driver.py")
    assert spec is not None and spec.loader is not None
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    return driver, registers


def finish_vivado(project: Path) -> Path:
    """Puts into the board folder what build.tcl would; returns that folder."""
    folder = project / "board"
    design = json.loads((folder / "manifest.json").read_text())["design"]
    for name in ("twofold.bit", "twofold.hwh"):
        (folder / name).touch()
    (folder / "twofold.design").write_text(f"{design}\n")
    return folder


@pytest.fixture
def folder(project: Path) -> Path:
    return finish_vivado(project)


def random_frames(network: Network, count: int) -> IntArray:
    return np.random.default_rng(5).integers(0, 256, (count, *network.input.shape))


def test_frames_are_packed_as_the_program_says(
    monkeypatch: pytest.MonkeyPatch, folder: Path, program: Program, network: Network
) -> None:
    driver, _ = driver_with(monkeypatch, folder)
    codes = random_frames(network, 3)
    assert driver.pack(codes, 8).tobytes() == program.pack_frames(codes)
    wide = np.arange(2 * 20 * 3 * 5).reshape(2, 20, 3, 5) % 256
    assert driver.pack(wide, 8).shape == (2, 3 * 15 * 8)


def test_results_are_unpacked_as_the_program_says(
    monkeypatch: pytest.MonkeyPatch, folder: Path, program: Program
) -> None:
    driver, _ = driver_with(monkeypatch, folder)
    data = np.random.default_rng(6).integers(0, 256, (4, program.output_stride), np.uint8)
    region = program.description()["outputs"][0]
    expected = program.unpack_results(data.tobytes(), 4)["logits"].reshape(4, -1)
    assert (driver.unpack(data, region, 8) == expected).all()


def test_images_are_quantised_as_the_golden_model_does(
    monkeypatch: pytest.MonkeyPatch, folder: Path, network: Network
) -> None:
    driver, _ = driver_with(monkeypatch, folder)
    images = np.concatenate([np.arange(-4, 1028) / 512, [5.0, -1.0]])
    found = driver.Accelerator(folder).quantise(images)
    assert (found == quantise(images, network.input.type)).all()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("image.bin", b"other weights", "image.bin: expected sha256 .* copy the whole board folder again"),
        ("code.bin", None, "expected a file .*code.bin, found none"),
        ("twofold.bit", None, "expected a file .*twofold.bit, found none"),
        ("twofold.design", b"0123456789ab", "twofold.bit: expected one of design .* run Vivado again"),
        ("manifest.json", b"{", "manifest.json: expected JSON"),
        ("manifest.json", b'{"format": "other"}', "manifest.json: expected 'twofold board 1', found 'other'"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, content: bytes | None, message: str
) -> None:
    driver, _ = driver_with(monkeypatch, folder)
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(driver.AcceleratorError, match=message):
        driver.Accelerator(folder)


@pytest.mark.parametrize(("register", "value"), [("ID", 0), ("VERSION", 7), ("GEOMETRY", 16 | 16 << 8)])
def test_another_engine_is_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, register: str, value: int
) -> None:
    driver, _ = driver_with(monkeypatch, folder, **{register: value})
    with pytest.raises(driver.AcceleratorError, match=f"register {register}: .* holds another engine"):
        driver.Accelerator(folder)


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
    monkeypatch: pytest.MonkeyPatch, folder: Path, network: Network, status: int, message: str
) -> None:
    driver, registers = driver_with(
        monkeypatch, folder, STATUS=status, FRAMES_DONE=0, ERROR=Cause.NO_END | 2 << 16
    )
    accelerator = driver.Accelerator(folder, timeout=0.05)
    with pytest.raises(driver.AcceleratorError, match=message):
        accelerator.run(random_frames(network, 1))
    control = engine_registers(8, 8)["CONTROL"].offset
    assert ((control, 2) in registers.written) == bool(status & 1), "only a run that hangs is aborted"


@pytest.mark.parametrize("cause", list(Cause)[1:])
def test_every_cause_is_named_with_its_meaning(
    monkeypatch: pytest.MonkeyPatch, folder: Path, network: Network, cause: Cause
) -> None:
    driver, _ = driver_with(monkeypatch, folder, STATUS=0b0110, ERROR=cause | NO_INSTRUCTION << 16)
    message = re.escape(f"the run failed: {cause.name}. {CAUSES[cause]}")
    with pytest.raises(driver.AcceleratorError, match=f"^{message}"):
        driver.Accelerator(folder).run(random_frames(network, 1))


def test_images_of_another_shape_are_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    driver, _ = driver_with(monkeypatch, folder)
    accelerator = driver.Accelerator(folder)
    with pytest.raises(
        driver.AcceleratorError, match=r"images: expected shape \[N, 2, 4, 4\], found \(1, 4, 4\)"
    ):
        accelerator.predict(np.zeros((1, 4, 4)))
    with pytest.raises(driver.AcceleratorError, match="images: expected at least one, found none"):
        accelerator.predict(np.zeros((0, 2, 4, 4)))


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, board: Board, geometry: Geometry, program: Program
) -> tuple[Path, Simulation]:
    """The board folder of the real engine, and the project's Verilog compiled."""
    base = tmp_path_factory.mktemp("driver")
    to_verilog(Engine(geometry), "engine", base / "engine.v")
    program.save(base / "program")
    generate(board, base / "engine.v", base / "program", base / "project")
    sources = [base / "project" / "rtl" / name for name in ("engine.sv", "twofold_engine.v")]
    return finish_vivado(base / "project"), build(sources, "twofold_engine", base / "built", optimise="-O0")


def environment(folder: Path, images: Path, results: Path) -> dict[str, str]:
    names = {"BOARD_FOLDER": folder, "BOARD_IMAGES": images, "BOARD_RESULTS": results, "BOARD_BATCH": 2}
    return {name: str(value) for name, value in names.items()}


def test_the_driver_predicts_on_the_simulated_engine(
    built: tuple[Path, Simulation], network: Network, program: Program, tmp_path: Path
) -> None:
    folder, simulation = built
    images = np.random.default_rng(1).random((3, 2, 4, 4))
    np.save(tmp_path / "images.npy", images)
    run(simulation, BENCH, env=environment(folder, tmp_path / "images.npy", tmp_path / "results.npz"))
    results = np.load(tmp_path / "results.npz")
    golden = execute(network, quantise(images, network.input.type))["logits"]
    assert (results["logits"] == dequantise(golden, network.output.type)).all()
    assert results["labels"] == golden[0].argmax()
    assert results["frames"] == 1
    assert program.frame_cycles < results["cycles"]
    assert results["macs"] == macs(program)
    assert len(results["layer_cycles"]) == len(program.instructions)


def macs(program: Program) -> int:
    """Of a frame on an engine of one tile and kinds of `lanes` inputs, idle lanes included."""
    layers = [step.fields for step in program.instructions if step.fields.get("pe")]
    names = ("out_groups", "in_blocks", "taps_y", "taps_x", "out_height", "out_width")
    return sum(math.prod(fields[name] for name in names) for fields in layers) * program.geometry.lanes**2


def test_a_driver_that_forgets_to_flush_fails(
    built: tuple[Path, Simulation], network: Network, tmp_path: Path
) -> None:
    folder, simulation = built
    driver = folder / "twofold_driver.py"
    text = driver.read_text()
    assert text.count("self._input.flush()") == 1
    images = np.random.default_rng(1).random((1, 2, 4, 4))
    np.save(tmp_path / "images.npy", images)
    driver.write_text(text.replace("self._input.flush()", "pass"))
    try:
        env = environment(folder, tmp_path / "images.npy", tmp_path / "results.npz")
        run(simulation, BENCH, tests="predict", env=env)
    finally:
        driver.write_text(text)
    golden = execute(network, quantise(images, network.input.type))["logits"]
    found = np.load(tmp_path / "results.npz")["logits"]
    assert (found != dequantise(golden, network.output.type)).any()


def test_a_program_that_is_not_there_fails_the_bench(built: tuple[Path, Simulation], tmp_path: Path) -> None:
    _, simulation = built
    np.save(tmp_path / "images.npy", np.zeros((1, 2, 4, 4)))
    env = environment(tmp_path, tmp_path / "images.npy", tmp_path / "results.npz")
    with pytest.raises(SimulationError, match="failing tests"):
        run(simulation, BENCH, tests="predict", env=env)
