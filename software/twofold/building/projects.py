"""A network as an accelerator: its device, its Verilog, its project for a board."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from twofold.boards.board import Board
from twofold.boards.choose import choose_smallest, memory_bytes
from twofold.boards.design import EngineDesign, program_files
from twofold.boards.kernel_design import KernelDesign
from twofold.boards.kernel_design import Tensor as KernelTensor
from twofold.boards.project import check_target, generate
from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.options import HlsOptions
from twofold.hls.project import generate as generate_hls
from twofold.models.catalogue import NAMES
from twofold.models.shipped import model_file, shipped_models
from twofold.network.graph import Network, Tensor
from twofold.network.types import IntArray
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.qonnx.untrained import export_untrained
from twofold.quant.recipe import ApotWeights
from twofold.rtl.engine import Engine
from twofold.rtl.verilog import to_verilog
from twofold.sim.engine import TOP
from twofold.synth.devices import Device

SELFTEST_FRAMES = 3
_UNTRAINED = ApotWeights(4, 4, residual_bits=4)


def network_of(model: Path | str) -> Network:
    """Of a QONNX file, of a model that comes with twofold, by name, or of a network's name: then untrained,
    with 4-bit APoT weights, first and last layer INT8. Raises UserError for anything else.
    """
    file = model_file(model)
    if file.suffix == ".onnx":
        return import_model(file)
    if str(model) not in NAMES:
        shipped = [model.name for model in shipped_models()]
        raise UserError(
            f"model: expected a .onnx file or one of {', '.join([*shipped, *NAMES])}, got {str(model)!r}"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{model}.onnx"
        export_untrained(str(model), _UNTRAINED, path)
        return import_model(path)


def device_of(board: Board) -> Device:
    """The board's FPGA."""
    counts = {name: count for name, count in asdict(board.resources).items() if name != "uram"}
    return Device(board.device, board.family, **counts)


def write_engine_project(network: Network, board: Board, out: Path, program: Program | None = None) -> Path:
    """The Vivado project of the engine for `network`, with runtime and program; returns its README's path.

    program: for the engine to build; None for the smallest.
    """
    check_target(out)
    program = program or choose_smallest(network, board).program
    with tempfile.TemporaryDirectory() as folder:
        verilog = Path(folder) / f"{TOP}.v"
        to_verilog(Engine(program.geometry), TOP, verilog)
        return generate(board, EngineDesign(verilog, program, selftest_files(network, program, board)), out)


def write_kernel_project(network: Network, board: Board, out: Path, options: HlsOptions) -> Path:
    """The Vivado project of hls4ml's network behind a kernel; returns its README's path."""
    check_target(out)
    with tempfile.TemporaryDirectory() as folder:
        return generate(board, kernel_design(network, Path(folder) / "hls", options), out)


def kernel_design(network: Network, folder: Path, options: HlsOptions) -> KernelDesign:
    """hls4ml's project is written to `folder`. options: of Vitis and streams."""
    written = generate_hls(network, folder, options)
    ends = (_tensor(network.input), _tensor(network.output))
    codes = sample_frames(network, SELFTEST_FRAMES, seed=0)
    golden = execute(network, codes)[network.output_name]
    files = {"selftest.npz": _archive(ends[0].shape, codes, {"region0": golden})}
    return KernelDesign(
        network.name, folder, written.top, written.digest, written.network_digest, ends, files
    )


def _tensor(tensor: Tensor) -> KernelTensor:
    channels, height, width = tensor.shape if len(tensor.shape) == 3 else (tensor.shape[0], 1, 1)
    type_ = tensor.type
    return KernelTensor(
        channels, height, width, type_.bits, type_.signed, float(type_.scale), int(type_.zero_point)
    )


def selftest_files(network: Network, program: Program, board: Board) -> Mapping[str, bytes]:
    """Frames and the golden integers of every region that the program stores: least codes, greatest, random.

    On a board whose memory holds them, of a program that stores every layer's result.
    """
    traced = plan(network, program.geometry, traced=True)
    fits = memory_bytes(program) + memory_bytes(traced) <= board.memory.bytes
    chosen = traced if fits else program
    codes, map_ = sample_frames(network, SELFTEST_FRAMES, seed=0), program.input.map
    golden = execute(network, codes)
    regions = {f"region{place}": golden[region.map.name] for place, region in enumerate(chosen.outputs)}
    archive = _archive((map_.channels, map_.height, map_.width), codes, regions)
    files = {f"selftest_{name}": data for name, data in program_files(traced).items()} if fits else {}
    return {**files, "selftest.npz": archive}


def _archive(shape: tuple[int, int, int], codes: IntArray, regions: Mapping[str, IntArray]) -> bytes:
    content = io.BytesIO()
    arrays = {**regions, "codes": codes.reshape(-1, *shape)}
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()
