"""What a board replays: frames and images, with the integers that they must give."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.boards.board import Board
from twofold.boards.choose import memory_bytes
from twofold.boards.design import program_files
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.network.graph import Network
from twofold.network.host import HostWork
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.qonnx.importer.images import ImageReader

SELFTEST_FRAMES = 3
SELFTEST_NUMBERS = 4096
"""At least so many numbers of images, of which no fewer than SELFTEST_FRAMES are made."""


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
    arrays = {"codes": codes.reshape(-1, *shape), **regions, **image_vectors(reader, program.host, shape)}
    files = {f"selftest_{name}": data for name, data in program_files(traced).items()} if fits else {}
    return {**files, "selftest.npz": archive(arrays)}


def image_vectors(
    reader: ImageReader | None, host: HostWork, shape: tuple[int, int, int]
) -> dict[str, npt.NDArray[Any]]:
    """Images that cover the input's range, ties among them, and their codes; none if none can be read."""
    if reader is None or host.images is None:
        return {}
    images = reader.probes(max(SELFTEST_FRAMES, -(-SELFTEST_NUMBERS // prod(shape))), seed=0)
    return {"images": images, "image_codes": reader.codes_of(images).reshape(-1, *shape)}


def archive(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The content of selftest.npz."""
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()
