"""Backends, interfaces and strategies: exact, or refused with a way out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.budget import Budget
from twofold.hls.csim import run_csim, run_test_bench
from twofold.hls.options import HlsBackend, HlsOptions, HlsStrategy
from twofold.hls.project import generate
from twofold.hls.types import IoType
from twofold.network.graph import Network

FRAMES = 12
BUDGET = Budget(dsp=24, lut=2000, bram36=20)
# Every backend, interface and strategy. twofold.bench.hls runs the others: --flow, --io, --strategy.
COMBINATIONS = [
    ("Vitis", "io_stream", "distributed_arithmetic"),
    ("Vitis", "io_parallel", "budget"),
    ("Vivado", "io_stream", "resource"),
    ("Vivado", "io_parallel", "distributed_arithmetic"),
    ("VivadoAccelerator", "io_stream", "latency"),
    ("VivadoAccelerator", "io_parallel", "resource"),
]


def options(backend: str, io: str, strategy: str) -> HlsOptions:
    board = "pynq-z2" if backend == "VivadoAccelerator" else None
    return HlsOptions(HlsBackend(backend), IoType(io), HlsStrategy(strategy), budget=BUDGET, board=board)


@pytest.mark.parametrize("backend, io, strategy", COMBINATIONS)
def test_every_layer_equals_golden(
    backend: str, io: str, strategy: str, every_layer_network: Network, tmp_path: Path
) -> None:
    network = every_layer_network
    project = generate(network, tmp_path / "p", options(backend, io, strategy))
    frames = sample_frames(network, FRAMES, seed=0)
    golden, found = execute(network, frames), run_csim(project, frames)
    assert len(found) == len(network.ops) - 1
    assert [name for name in found if not np.array_equal(found[name], golden[name])] == []
    if backend == "VivadoAccelerator":
        check_accelerator(project.folder, project.top)
        result = run_test_bench(project, project.folder / "tb_data")
        assert (result.returncode, result.stderr) == (0, "")


def check_accelerator(folder: Path, top: str) -> None:
    """Scripts and driver are there, the top is the wrapper, and both streams are as wide."""
    assert {"design.tcl", "axi_stream_driver.py", "project.tcl"} <= {path.name for path in folder.iterdir()}
    assert f"{top}_axi.cpp" in (folder / "build_prj.tcl").read_text()
    assert "set_top ${project_name}_axi\n" in (folder / "build_prj.tcl").read_text()
    widths = re.findall(r"set bit_width_hls_\w+ (\d+)", (folder / "project.tcl").read_text())
    assert widths == ["16", "16"]
    assert "buffers of `int16`" in (folder / "README.md").read_text()


def test_what_the_flow_lacks_is_refused_with_a_way_out() -> None:
    with pytest.raises(
        UserError, match=r"strategy: expected budget, .*for Vitis and Vivado only; choose one"
    ):
        options("VivadoAccelerator", "io_stream", "distributed_arithmetic")
    with pytest.raises(
        UserError, match="board: expected one of pynq-z2, zcu102 for VivadoAccelerator, got None"
    ):
        HlsOptions(HlsBackend.VIVADO_ACCELERATOR)
    with pytest.raises(
        UserError, match="board: expected none for Vitis, got zcu102; leave it out, or choose"
    ):
        HlsOptions(board="zcu102")
    with pytest.raises(
        UserError, match="part: expected xczu9eg-ffvb1156-2-e for zcu102, got xc7z020clg400-1"
    ):
        HlsOptions(HlsBackend.VIVADO_ACCELERATOR, board="zcu102")


def test_each_tool_is_named_in_the_readme(every_layer_network: Network, tmp_path: Path) -> None:
    commands = {"Vitis": "vitis-run --mode hls", "Vivado": "vivado_hls -f", "VivadoAccelerator": "design.tcl"}
    for backend, command in commands.items():
        project = generate(every_layer_network, tmp_path / backend, options(backend, "io_stream", "budget"))
        assert command in (project.folder / "README.md").read_text()
        assert f'set backend "{backend.lower()}"' in (project.folder / "project.tcl").read_text()
        assert not any(
            str(tmp_path) in path.read_text() for path in project.folder.glob("*") if path.is_file()
        )
