"""A network as an accelerator: its device, its Verilog, its project for a board."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from twofold.boards.board import Board
from twofold.boards.choose import choose_smallest
from twofold.boards.design import EngineDesign
from twofold.boards.kernel_design import KernelDesign
from twofold.boards.kernel_design import Tensor as KernelTensor
from twofold.boards.project import check_target, generate
from twofold.building.host import host_work
from twofold.building.selftest import SELFTEST_FRAMES, archive, image_vectors, selftest_files
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.options import HlsOptions
from twofold.hls.project import generate as generate_hls
from twofold.network.graph import Tensor
from twofold.plan.program import Program
from twofold.qonnx.importer.load import Imported
from twofold.rtl.engine import Engine
from twofold.rtl.verilog import to_verilog
from twofold.sim.engine import TOP
from twofold.synth.devices import Device


def device_of(board: Board) -> Device:
    """The board's FPGA."""
    counts = {name: count for name, count in asdict(board.resources).items() if name != "uram"}
    return Device(board.device, board.family, **counts)


def write_engine_project(model: Imported, board: Board, out: Path, program: Program | None = None) -> Path:
    """The Vivado project of the engine for a model, with runtime and program; returns its README's path.

    program: for the engine to build; None for the smallest.
    """
    check_target(out)
    program = replace(program or choose_smallest(model.network, board).program, host=host_work(model))
    selftest = selftest_files(model.network, program, board, model.reader)
    with tempfile.TemporaryDirectory() as folder:
        verilog = Path(folder) / f"{TOP}.v"
        to_verilog(Engine(program.geometry), TOP, verilog)
        return generate(board, EngineDesign(verilog, program, selftest), out)


def write_kernel_project(model: Imported, board: Board, out: Path, options: HlsOptions) -> Path:
    """The Vivado project of hls4ml's network behind a kernel; returns its README's path."""
    check_target(out)
    with tempfile.TemporaryDirectory() as folder:
        return generate(board, kernel_design(model, Path(folder) / "hls", options), out)


def kernel_design(model: Imported, folder: Path, options: HlsOptions) -> KernelDesign:
    """hls4ml's project is written to `folder`. options: of Vitis and streams."""
    network, host = model.network, host_work(model)
    written = generate_hls(network, folder, options)
    ends = (_tensor(network.input), _tensor(network.output))
    codes = sample_frames(network, SELFTEST_FRAMES, seed=0)
    golden = execute(network, codes)[network.output_name]
    arrays = {"codes": codes.reshape(-1, *ends[0].shape), "region0": golden}
    files = {"selftest.npz": archive(arrays | image_vectors(model.reader, host, ends[0].shape))}
    return KernelDesign(
        network.name, folder, written.top, written.digest, written.network_digest, ends, files, host
    )


def _tensor(tensor: Tensor) -> KernelTensor:
    channels, height, width = tensor.shape if len(tensor.shape) == 3 else (tensor.shape[0], 1, 1)
    type_ = tensor.type
    return KernelTensor(
        channels, height, width, type_.bits, type_.signed, float(type_.scale), int(type_.zero_point)
    )
