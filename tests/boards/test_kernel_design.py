"""The kernel around an hls4ml network is exact, and its projects run on the models of the tools."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from twofold_runtime.kernel import CODES, CONTROL, DONE, FRAMES, IDLE, INTEGERS, START

from twofold.boards.board_file import board_names, load_board
from twofold.boards.kernel_design import KernelDesign
from twofold.boards.project import generate
from twofold.boards.systems import Fabric
from twofold.boards.vivado_check.run import run_scripts
from twofold.boards.vivado_check.tcl import TclError
from twofold.boards.vivado_check.vivado import Vivado
from twofold.building.hls_choices import HlsChoices, kernel_options
from twofold.building.projects import kernel_design
from twofold.errors import UserError
from twofold.files import sha256
from twofold.golden.execute import execute
from twofold.hls.compiler import FLAGS
from twofold.network.graph import Network
from twofold.qonnx.importer.load import Imported

PASSED = "self-test passed: 3 frames, 9 integers of 1 layers, 128 images quantised"
LIBRARY = """
#include <cstdint>
#include <map>
#include <string>
namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = nullptr;
size_t trace_type_size = sizeof(double);
}
void twofold_kernel(const CODE *codes, int32_t *integers, uint32_t frames);
extern "C" void run(const CODE *codes, int32_t *integers, uint32_t frames) {
    twofold_kernel(codes, integers, frames);
}
"""


class SimulatedKernel:
    """PYNQ's four names over the kernel's C simulation, behind Vitis HLS's registers (AMD UG1399)."""

    FIRST, PAGE = 0x10_0000, 0x1000

    def __init__(self, library: Path):
        self._run = ctypes.CDLL(str(library)).run
        self._memory: dict[int, Any] = {}
        self._values = {CONTROL: IDLE}
        self.runs: list[int] = []

    def module(self) -> ModuleType:
        pynq = ModuleType("pynq")
        entry = {"phys_addr": 1 << 30, "addr_range": 4096}
        overlay = SimpleNamespace(ip_dict={"engine_0": entry})
        vars(pynq).update(
            Overlay=lambda path: overlay,
            MMIO=lambda base, length: self,
            PL=SimpleNamespace(bitfile_name=None),
            allocate=self._allocate,
        )
        return pynq

    def _allocate(self, shape: tuple[int, ...], dtype: str) -> Any:
        buffer = np.zeros(shape, dtype).view(Buffer)
        buffer.device_address = self.FIRST + self.PAGE * len(self._memory)
        assert buffer.nbytes <= self.PAGE
        self._memory[buffer.device_address] = buffer
        return buffer

    def read(self, offset: int) -> int:
        value = self._values[offset]
        if offset == CONTROL:
            self._values[offset] &= ~DONE
        return value

    def write(self, offset: int, value: int) -> None:
        self._values[offset] = value
        if offset == CONTROL and value & START:
            codes, integers = (self._memory[self._address(at)].ctypes.data for at in (CODES, INTEGERS))
            self.runs.append(self._values[FRAMES])
            self._run(ctypes.c_void_p(codes), ctypes.c_void_p(integers), ctypes.c_uint32(self.runs[-1]))
            self._values[CONTROL] = IDLE | DONE

    def _address(self, offset: int) -> int:
        return self._values[offset] | self._values[offset + 4] << 32


class Buffer(np.ndarray):
    device_address = 0

    def flush(self) -> None: ...

    def invalidate(self) -> None: ...


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, imported: Imported) -> KernelDesign:
    options = kernel_options(load_board("pynq-z2"), HlsChoices())
    return kernel_design(imported, tmp_path_factory.mktemp("hls") / "hls", options)


def written(name: str, kernel: KernelDesign, folder: Path) -> Path:
    generate(load_board(name), kernel, folder / name)
    return folder / name


def compiled(kernel: KernelDesign, project: Path) -> Path:
    (project / "library.cpp").write_text(LIBRARY)
    hls = project / "hls"
    sources = (
        project / "kernel" / "twofold_kernel.cpp",
        hls / "firmware" / f"{kernel.network_top}.cpp",
        project / "library.cpp",
    )
    command = ["g++", *FLAGS, "-shared", "-fPIC", f"-DCODE={kernel.input.c_type}"]
    command += [f"-I{hls}", f"-I{hls / 'firmware' / 'ap_types'}"]
    command += [f'-DWEIGHTS_DIR="{hls / "firmware" / "weights"}"', *map(str, sources)]
    subprocess.run([*command, "-o", str(project / "kernel.so")], check=True)
    return project / "kernel.so"


def test_the_runtime_predicts_on_the_simulated_kernel(
    kernel: KernelDesign,
    network: Network,
    load: Callable[..., tuple[Any, Any]],
    finish: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Unmodified, several runs one after the other; results equal golden."""
    project = written("pynq-z2", kernel, tmp_path)
    simulated = SimulatedKernel(compiled(kernel, project))
    runtime, _ = load(finish(project))
    monkeypatch.setitem(sys.modules, "pynq", simulated.module())
    accelerator = runtime.Accelerator(project / "board", batch=2)
    assert str(accelerator.selftest()) == PASSED
    codes = np.random.default_rng(3).integers(0, 256, (5, *network.input.shape))
    golden = execute(network, codes)["logits"].reshape(5, -1)
    assert (accelerator.run(codes) == golden).all()
    assert accelerator._program.output_zero_point == network.output.type.zero_point
    assert simulated.runs == [2, 1, 2, 2, 1]
    assert accelerator.frames == 5


@pytest.mark.parametrize("name", board_names())
def test_all_scripts_of_a_board_run(name: str, kernel: KernelDesign, tmp_path: Path) -> None:
    project = written(name, kernel, tmp_path)
    try:
        calls = [call.name for call in run_scripts(project, Vivado(load_board(name).part))]
    except LookupError as error:
        pytest.skip(f"the scripts were not executed: {error}")
    assert calls.count("export_design") == 1
    assert calls.count("ipx::package_project") == isinstance(load_board(name).system, Fabric)
    assert (project / "board" / "twofold.bit").is_file()


HOST_MUTATIONS: dict[str, Callable[[dict[str, Any]], object]] = {
    "scale": lambda images: images["quantiser"].update(scale=images["quantiser"]["scale"] * 1.01),
    "zero point": lambda images: images["quantiser"].update(zero_point=1),
    "bounds": lambda images: images["quantiser"].update(bounds=[0, 254]),
    "mode": lambda images: images["quantiser"].update(mode="HALF_UP"),
    "step": lambda images: images["steps"].append({"kind": "plus", "constant": [2**-9]}),
    "order": lambda images: images.update(order=[0, 2, 1]),
}


@pytest.mark.parametrize("name", HOST_MUTATIONS)
def test_the_self_test_notices_images_that_are_read_otherwise(
    name: str,
    kernel: KernelDesign,
    load: Callable[..., tuple[Any, Any]],
    finish: Callable[[Path], Path],
    tmp_path: Path,
) -> None:
    folder = finish(written("pynq-z2", kernel, tmp_path))
    description = json.loads((folder / "kernel.json").read_text())
    HOST_MUTATIONS[name](description["host"]["images"])
    (folder / "kernel.json").write_text(json.dumps(description))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["board_files"]["kernel.json"] = sha256(folder / "kernel.json")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    runtime, _ = load(folder, ID=DONE | IDLE)  # what CONTROL reads, at the same offset
    found = runtime.Accelerator(folder).selftest()
    assert found.difference.startswith("quantise() differs first, at element ")
    assert (found.passed, found.images) == (False, 128)


MUTATIONS = [
    ("export_ip.tcl", "set_top twofold_kernel", "set_top other_kernel", "no function other_kernel"),
    ("export_ip.tcl", "csynth_design\n", "", "csynth_design was not called"),
    ("export_ip.tcl", "set_part xc7z020", "set_part xc7z010", "expected part"),
    ("export_ip.tcl", "kernel twofold_kernel.cpp", "kernel kernel.cpp", "no such file"),
    ("export_ip.tcl", "-format ip_catalog", "-format xo", "no core comes from the format xo"),
    ("export_ip.tcl", "-version 1.0", "-version 2.0", "not in the catalogue"),
    ("create_project.tcl", "engine_0/ap_rst_n", "engine_0/ap_rst", "no pin matches"),
    ("create_project.tcl", "kernel_work", "kernel_worx", "run export_ip.tcl first"),
    ("build.tcl", "launch_runs impl_1", "launch_runs impl_2", "no run matches impl_2"),
]


@pytest.mark.parametrize(("script", "old", "new", "message"), MUTATIONS)
def test_a_mistake_in_a_script_is_caught(
    script: str, old: str, new: str, message: str, kernel: KernelDesign, tmp_path: Path
) -> None:
    project = written("pynq-z2", kernel, tmp_path)
    path = project / "vivado" / script
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TclError, match=message):
        run_scripts(project, Vivado("xc7z020clg400-1"))


def test_a_kernel_reads_streams() -> None:
    with pytest.raises(UserError, match="io: expected io_stream with the flow Kernel, got 'io_parallel'"):
        kernel_options(load_board("pynq-z2"), HlsChoices("Kernel", "io_parallel"))
