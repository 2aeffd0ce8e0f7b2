"""A QONNX file as a project for a board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twofold.boards.board import Board
from twofold.boards.board_file import load_board
from twofold.boards.choose import Prediction, engine_of
from twofold.boards.project import check_target
from twofold.building.hls_choices import (
    DEFAULT_HLS,
    KERNEL_FLOW,
    HlsChoices,
    HlsPrediction,
    fast_enough,
    options_of,
    predict_hls,
)
from twofold.building.host import host_work
from twofold.building.projects import write_engine_project, write_kernel_project
from twofold.errors import UserError
from twofold.hls.project import generate as generate_hls
from twofold.models.shipped import model_file
from twofold.network.host import HostWork
from twofold.progress import SILENT, Progress
from twofold.qonnx.importer.exactness import Exactness
from twofold.qonnx.importer.load import Imported, import_file


@dataclass(frozen=True)
class Build:
    """prediction: of the hardware. exactness: of the network's integers. host: what is done around it."""

    prediction: Prediction | HlsPrediction
    exactness: Exactness
    host: HostWork

    def as_json(self) -> dict[str, Any]:
        return {
            "predicted": self.prediction.as_json(),
            "exactness": self.exactness.as_json(),
            "host": self.host.as_words(),
        }


def build(
    model: Path | str,
    board: str,
    backend: str,
    out: Path | str,
    progress: Progress = SILENT,
    approximate: bool = False,
    target_fps: float | None = None,
    hls: HlsChoices = DEFAULT_HLS,
) -> Build:
    """Writes a project for a board: `rtl`, engine and runtime for Vivado; `hls`, hls4ml's for an HLS tool.

    model: a path, or the name of one that comes with twofold. approximate: as in `import_file`. target_fps:
    frames a second; the smallest engine that is predicted to do them is built, without a target the smallest
    of all; of hls4ml's network, the cheapest layers that are predicted to do them, without a target the
    fastest that fit. hls: the choices that the backend hls leaves.
    Returns what is predicted and proven. Nothing of the vendors' tools is run. Raises UserError for boards,
    backends and choices that do not exist, and for a target that cannot be met, with the best that can be
    done.
    """
    target, folder = load_board(board), Path(out)
    imported = import_file(model_file(model), approximate)
    match backend:
        case "rtl":
            if hls != DEFAULT_HLS:
                raise UserError(
                    "backend: expected hls beside a flow, io, strategy, part or clock of hls4ml's, got rtl"
                )
            found: Prediction | HlsPrediction = _build_engine(imported, target, folder, progress, target_fps)
        case "hls":
            found = _build_hls(imported, target, folder, progress, target_fps, hls)
        case _:
            raise UserError(f"backend: expected rtl or hls, got {backend!r}")
    return Build(found, imported.exactness, host_work(imported))


def _build_hls(
    model: Imported, board: Board, out: Path, progress: Progress, target_fps: float | None, hls: HlsChoices
) -> HlsPrediction:
    network = model.network
    options = options_of(board, hls)
    if target_fps is not None:
        options = fast_enough(network, board, options, target_fps)
    found = predict_hls(network, board, options)
    with progress.task(f"write the hls project for {hls.part or board.name}"):
        if hls.flow == KERNEL_FLOW:
            write_kernel_project(model, board, out, options)
        else:
            generate_hls(network, out, options)
    return found


def _build_engine(
    model: Imported, board: Board, out: Path, progress: Progress, target_fps: float | None
) -> Prediction:
    network = model.network
    check_target(out)
    with progress.task("choose the engine"):
        found = engine_of(network, board, target_fps)
    with progress.task(f"write the rtl project for {board.name}"):
        write_engine_project(model, board, out, found.program)
    return found
