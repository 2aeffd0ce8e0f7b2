"""The kernel around an hls4ml network is exact, and its projects run on the models of the tools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.boards.board_file import board_names, load_board
from twofold.boards.kernel_design import KernelDesign
from twofold.boards.project import generate
from twofold.boards.systems import Fabric
from twofold.boards.vivado_check.run import run_scripts
from twofold.boards.vivado_check.tcl import TclError
from twofold.boards.vivado_check.vivado import Vivado
from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.hls.compiler import FLAGS
from twofold.hls_choices import HlsChoices, kernel_options
from twofold.network.graph import Network
from twofold.projects import kernel_design

MAIN = """
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>
namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = nullptr;
size_t trace_type_size = sizeof(double);
}
void twofold_kernel(const uint8_t *codes, int32_t *integers, uint32_t frames);
int main(int, char **argv) {
    const int frames = 3;
    std::vector<uint8_t> codes(frames * IN);
    std::vector<int32_t> integers(frames * OUT);
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    if (fread(codes.data(), 1, codes.size(), in) != codes.size()) return 1;
    twofold_kernel(codes.data(), integers.data(), frames);
    fwrite(integers.data(), 4, integers.size(), out);
    return fclose(out);
}
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, network: Network) -> KernelDesign:
    options = kernel_options(load_board("pynq-z2"), HlsChoices())
    return kernel_design(network, tmp_path_factory.mktemp("hls") / "hls", options)


def written(name: str, kernel: KernelDesign, folder: Path) -> Path:
    generate(load_board(name), kernel, folder / name)
    return folder / name


def test_the_kernel_computes_the_golden_integers(
    kernel: KernelDesign, network: Network, load: Callable[..., tuple[Any, Any]], tmp_path: Path
) -> None:
    """Frames as the runtime packs them, results as it unpacks them."""
    project = written("pynq-z2", kernel, tmp_path)
    load(project / "board")
    from twofold_runtime.kernel import KernelProgram

    program = object.__new__(KernelProgram)
    program.description = {"input": kernel.input.as_json(), "output": kernel.output.as_json()}
    codes = np.random.default_rng(3).integers(0, 256, (3, *network.input.shape))
    program.packed(codes).tofile(tmp_path / "codes.bin")
    (tmp_path / "main.cpp").write_text(MAIN)
    sizes = (f"-DIN={kernel.input.elements}", f"-DOUT={kernel.output.elements}")
    hls = project / "hls"
    sources = (project / "kernel" / "twofold_kernel.cpp", hls / "firmware" / f"{kernel.network_top}.cpp")
    command = ["g++", *FLAGS, f"-I{hls}", f"-I{hls / 'firmware' / 'ap_types'}"]
    command += [f'-DWEIGHTS_DIR="{hls / "firmware" / "weights"}"', *sizes, *map(str, sources)]
    subprocess.run([*command, str(tmp_path / "main.cpp"), "-o", str(tmp_path / "main")], check=True)
    subprocess.run([tmp_path / "main", tmp_path / "codes.bin", tmp_path / "results.bin"], check=True)
    data = np.fromfile(tmp_path / "results.bin", np.uint8).reshape(3, program.output_stride)
    assert (program.unpacked(data) == execute(network, codes)["logits"].reshape(3, -1)).all()


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
