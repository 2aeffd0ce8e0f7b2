"""A network as an accelerator: its device, its Verilog, its project for a board."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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
from twofold.models.own import is_own
from twofold.models.shipped import model_file, shipped_models
from twofold.network.graph import Network, Tensor
from twofold.network.host import HostWork
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.load import Imported, import_file
from twofold.qonnx.untrained import export_untrained
from twofold.quant.recipe import ApotWeights
from twofold.rtl.engine import Engine
from twofold.rtl.verilog import to_verilog
from twofold.sim.engine import TOP
from twofold.synth.devices import Device

SELFTEST_FRAMES = 3
SELFTEST_NUMBERS = 4096
"""At least so many numbers of images, of which no fewer than SELFTEST_FRAMES are made."""
_IMAGES = (3, 32, 32)
_UNTRAINED = ApotWeights(4, 4, residual_bits=4)


def network_of(model: Path | str, shape: tuple[int, int, int] | None = None) -> Network:
    """As `imported_of`, the network alone."""
    return imported_of(model, shape).network


def imported_of(model: Path | str, shape: tuple[int, int, int] | None = None) -> Imported:
    """Of a QONNX file, of a model that comes with twofold, by name, or of a network's name, one of the user's
    own too (`twofold.models.own`): then untrained, with 4-bit APoT weights, first and last layer INT8.

    shape: C, H, W of an untrained network's images; needed for one's own, 3, 32, 32 for others if None.
    Raises UserError for anything else, and for networks that do not take such images.
    """
    file, name = model_file(model), str(model)
    if name not in NAMES and not is_own(name):
        return _read(file, shape)
    if shape is None and is_own(name):
        raise UserError(
            f"{name}: expected the shape of its images as well, C, H, W, got none; give it with --shape"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name.rpartition(':')[2]}.onnx"
        export_untrained(name, _UNTRAINED, path, shape or _IMAGES)
        return import_file(path)


def _read(file: Path, shape: tuple[int, int, int] | None) -> Imported:
    if file.suffix != ".onnx":
        names = [*(model.name for model in shipped_models()), *NAMES]
        raise UserError(
            f"model: expected a .onnx file, FILE.py:NAME or one of {', '.join(names)}, got {str(file)!r}"
        )
    if shape is not None:
        raise UserError(f"shape: expected a network's name, since {file} has the shape of its images itself")
    return import_file(file)


def device_of(board: Board) -> Device:
    """The board's FPGA."""
    counts = {name: count for name, count in asdict(board.resources).items() if name != "uram"}
    return Device(board.device, board.family, **counts)


def write_engine_project(model: Imported, board: Board, out: Path, program: Program | None = None) -> Path:
    """The Vivado project of the engine for a model, with runtime and program; returns its README's path.

    program: for the engine to build; None for the smallest.
    """
    check_target(out)
    program = replace(program or choose_smallest(model.network, board).program, host=model.host_work)
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
    network, host = model.network, model.host_work
    written = generate_hls(network, folder, options)
    ends = (_tensor(network.input), _tensor(network.output))
    codes = sample_frames(network, SELFTEST_FRAMES, seed=0)
    golden = execute(network, codes)[network.output_name]
    arrays = {"codes": codes.reshape(-1, *ends[0].shape), "region0": golden}
    files = {"selftest.npz": _archive(arrays | _images(model.reader, host, ends[0].shape))}
    return KernelDesign(
        network.name, folder, written.top, written.digest, written.network_digest, ends, files, host
    )


def _tensor(tensor: Tensor) -> KernelTensor:
    channels, height, width = tensor.shape if len(tensor.shape) == 3 else (tensor.shape[0], 1, 1)
    type_ = tensor.type
    return KernelTensor(
        channels, height, width, type_.bits, type_.signed, float(type_.scale), int(type_.zero_point)
    )


def selftest_files(
    network: Network, program: Program, board: Board, reader: ImageReader | None = None
) -> Mapping[str, bytes]:
    """Frames and the golden integers of every region that the program stores: least codes, greatest, random.

    On a board whose memory holds them, of a program that stores every layer's result. reader: for images
    beside them, with their codes, if the program says how images are read.
    """
    traced = replace(plan(network, program.geometry, traced=True), host=program.host)
    fits = memory_bytes(program) + memory_bytes(traced) <= board.memory.bytes
    chosen = traced if fits else program
    codes, map_ = sample_frames(network, SELFTEST_FRAMES, seed=0), program.input.map
    golden = execute(network, codes)
    regions = {f"region{place}": golden[region.map.name] for place, region in enumerate(chosen.outputs)}
    shape = (map_.channels, map_.height, map_.width)
    arrays = {"codes": codes.reshape(-1, *shape), **regions, **_images(reader, program.host, shape)}
    files = {f"selftest_{name}": data for name, data in program_files(traced).items()} if fits else {}
    return {**files, "selftest.npz": _archive(arrays)}


def _images(
    reader: ImageReader | None, host: HostWork, shape: tuple[int, int, int]
) -> dict[str, npt.NDArray[Any]]:
    """Images that cover the input's range, ties among them, and their codes; none if none can be read."""
    if reader is None or host.images is None:
        return {}
    images = reader.probes(max(SELFTEST_FRAMES, -(-SELFTEST_NUMBERS // prod(shape))), seed=0)
    return {"images": images, "image_codes": reader.codes_of(images).reshape(-1, *shape)}


def _archive(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()
