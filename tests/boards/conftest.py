"""A small network as a program, and the project that is written for it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twofold.boards.board import Board
from twofold.boards.board_file import load_board
from twofold.boards.design import EngineDesign
from twofold.boards.flash_check.stand_in import finished
from twofold.boards.project import generate
from twofold.building.selftest import selftest_files
from twofold.golden.execute import execute
from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Flatten, Linear, Requantise
from twofold.network.types import IntType
from twofold.network.verify import verify
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.load import Imported
from twofold.qonnx.importer.rounding import QuantRounding
from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.verilog import port_widths


@pytest.fixture(scope="session")
def finish() -> Callable[[Path], Path]:
    """Puts into a project's board folder what build.tcl would; returns that folder."""
    return finished


@pytest.fixture(scope="session")
def geometry() -> Geometry:
    return Geometry(
        lanes=8,
        kinds=(PeName.INT_MUL,),
        activation_words=256,
        weight_words=1024,
        parameter_words=64,
        sum_words=64,
        instructions=16,
    )


def _type(signed: bool, bits: int, exponent: int) -> IntType:
    return IntType(signed, bits, Dyadic.power_of_two(exponent))


@pytest.fixture(scope="session")
def network() -> Network:
    """A convolution to more channels than lanes, requantised, and a classifier of three classes."""
    random = np.random.default_rng(3)
    tensors = [
        Tensor("image", (2, 4, 4), _type(False, 8, -8)),
        Tensor("sums", (10, 4, 4), _type(True, 24, -12)),
        Tensor("conv", (10, 4, 4), _type(False, 8, -4)),
        Tensor("flat", (160,), _type(False, 8, -4)),
        Tensor("logits", (3,), _type(True, 24, -9)),
    ]
    weight, bias = random.integers(-8, 8, (10, 2, 3, 3)), random.integers(-99, 99, 10)
    matrix, offset = random.integers(-8, 8, (3, 160)), random.integers(-99, 99, 3)
    ops = [
        Conv2d("conv", ("image",), "sums", weight, bias, (1, 1), (1, 1, 1, 1)),
        Requantise("quant", ("sums",), "conv", np.full(10, 3), np.full(10, 6), (0, 255)),
        Flatten("flatten", ("conv",), "flat"),
        Linear("classifier", ("flat",), "logits", matrix, offset),
    ]
    return verify(Network.of("small", tensors, ops, "image", "logits"))


@pytest.fixture(scope="session")
def imported(network: Network) -> Imported:
    """As of a file that quantises images to the network's input and does nothing else."""
    type_ = network.input.type
    rounding = QuantRounding(float(type_.scale), 0, (0, 255), "ROUND")
    reader = ImageReader((2, 4, 4), (2, 4, 4), (), type_, rounding, "Quant 'image'")
    return Imported(network, reader, (), {}, {}, {})


@pytest.fixture(scope="session")
def program(imported: Imported, geometry: Geometry) -> Program:
    return replace(plan(imported.network, geometry), host=imported.host_work)


@pytest.fixture(scope="session")
def board() -> Board:
    return load_board("pynq-z2")


def engine_shell(geometry: Geometry) -> str:
    """Verilog with an engine's ports and nothing behind them."""
    ports = {"clk": ("input", 1), "rst": ("input", 1)} | port_widths(Engine(geometry))
    declared = "".join(f"  {way} [{width - 1}:0] {name};\n" for name, (way, width) in ports.items())
    return f"module engine({', '.join(ports)});\n{declared}endmodule\n"


@pytest.fixture
def shell(geometry: Geometry, tmp_path: Path) -> Path:
    (tmp_path / "engine.v").write_text(engine_shell(geometry))
    return tmp_path / "engine.v"


@pytest.fixture
def design(shell: Path, program: Program, imported: Imported, board: Board) -> EngineDesign:
    return EngineDesign(shell, program, selftest_files(imported.network, program, board, imported.reader))


@pytest.fixture
def project(board: Board, design: EngineDesign, tmp_path: Path) -> Path:
    generate(board, design, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture(scope="session")
def selftest(network: Network) -> dict[str, bytes]:
    """A self-test of three frames that compares the output alone."""
    codes = np.random.default_rng(7).integers(0, 256, (3, 2, 4, 4))
    content = io.BytesIO()
    np.savez(content, codes=codes, region0=execute(network, codes)["logits"])
    return {"selftest.npz": content.getvalue()}


class Registers:
    """`MMIO` whose registers keep what is written; those of `values` read the same, or what comes next."""

    def __init__(self, values: dict[str, int | Iterator[int]]):
        map_ = engine_registers(8, 8)
        self.content = {register.offset: register.reset for register in map_.registers}
        self.fixed = {map_[name].offset: value for name, value in values.items()}
        self.written: list[tuple[int, int]] = []

    def read(self, offset: int) -> int:
        value = self.fixed.get(offset, self.content[offset])
        return next(value) if isinstance(value, Iterator) else value

    def write(self, offset: int, value: int) -> None:
        self.written.append((offset, value))
        self.content[offset] = value


class Buffer(np.ndarray):
    device_address = 0x1000

    def flush(self) -> None: ...

    def invalidate(self) -> None: ...


@pytest.fixture
def fresh() -> Iterator[None]:
    """`import twofold_runtime` reads the modules anew, before and after."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "twofold_runtime"]:
        del sys.modules[name]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, fresh: None) -> Callable[..., tuple[Any, Registers]]:
    """load(folder, NAME=value, …): its runtime over an idle engine; values: what registers read."""

    def install(folder: Path, **values: int | Iterator[int]) -> tuple[Any, Registers]:
        registers = Registers(values)
        pynq = ModuleType("pynq")
        entry = {"phys_addr": 1 << 30, "addr_range": 4096}
        vars(pynq).update(
            Overlay=lambda path: SimpleNamespace(ip_dict={"engine_0": entry}),
            MMIO=lambda base, length: registers,
            PL=SimpleNamespace(bitfile_name=None),
            allocate=lambda shape, dtype: np.zeros(shape, dtype).view(Buffer),
        )
        monkeypatch.setitem(sys.modules, "pynq", pynq)
        monkeypatch.syspath_prepend(str(folder))
        import twofold_runtime

        assert Path(str(twofold_runtime.__file__)).parent.parent == folder
        return twofold_runtime, registers

    return install
