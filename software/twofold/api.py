"""The names that a notebook needs.

from twofold import api

result = api.train("apot", api.load_dataset("digits"), Path("build/mine"), model=MyNetwork())
print(api.evaluate(result.onnx, api.load_dataset("digits")).accuracy)
checks = api.verify(result.onnx, ["qonnx", "hls", "rtl"])
api.build(result.onnx, "pynq-z2", "rtl", Path("build/pynq"))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twofold.boards.board import Board
from twofold.boards.board_file import board_names, load_board
from twofold.boards.choose import Prediction, budget, choose, engines, fastest, fitting
from twofold.boards.project import check_target
from twofold.candidates import GOLDEN, Subject, check_hls, check_qonnx, check_rtl
from twofold.data.dataset import Dataset
from twofold.data.load import load as load_dataset
from twofold.demo.flow import demo
from twofold.errors import UserError
from twofold.evaluation import Evaluation
from twofold.evaluation import evaluate as run_evaluation
from twofold.golden.compare import Check
from twofold.hls.project import generate as generate_hls
from twofold.hls_choices import (
    KERNEL_FLOW,
    HlsChoices,
    HlsPrediction,
    fast_enough,
    options_of,
    predict_hls,
)
from twofold.network.digest import digest
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.overview import Overview, overview
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.progress import SILENT, Progress
from twofold.projects import device_of, network_of, propose_for, write_engine_project, write_kernel_project
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.importer.exactness import Exactness
from twofold.qonnx.importer.load import import_file, import_model
from twofold.quant.convert import quantise
from twofold.sweep.crew import Crew
from twofold.sweep.run import Swept
from twofold.sweep.run import sweep as run_sweep
from twofold.sweep.sweep_file import sweep_named
from twofold.synth.devices import Device
from twofold.synth.engine import synthesise_engine
from twofold.synth.utilisation import Utilisation
from twofold.train.run import train

__all__ = [
    "HlsChoices",
    "build",
    "demo",
    "evaluate",
    "export",
    "freeze",
    "import_file",
    "import_model",
    "load_dataset",
    "plan",
    "predict",
    "propose",
    "quantise",
    "show",
    "sweep",
    "synthesise",
    "train",
    "verify",
]

DEFAULT_HLS = HlsChoices()
WORK = Path("build/verify")
"""Where `verify` keeps compiled simulations, so that a second call does not compile again."""


def evaluate(
    model: Path, dataset: Dataset, progress: Progress = SILENT, approximate: bool = False
) -> Evaluation:
    """The golden model's accuracy on the whole test part of `dataset`.

    model: a QONNX file. approximate: as in `import_file`. Raises UserError for files that cannot be imported,
    and for a data set of other images or another number of classes.
    """
    imported = import_file(model, approximate)
    return run_evaluation(imported.network, dataset.test, dataset.classes, progress, imported.reader)


def show(model: Path, approximate: bool = False) -> Overview:
    """The layers of a QONNX file, and where each of them runs.

    approximate: as in `import_file`. Raises UserError for files that cannot be imported.
    """
    return overview(import_file(model, approximate))


def verify(
    model: Path,
    against: Sequence[str],
    frames: int = 32,
    seed: int = 0,
    progress: Progress = SILENT,
    approximate: bool = False,
    work: Path = WORK,
) -> list[Check]:
    """Compares every layer's integers on each road with the golden model's.

    model: a QONNX file. against: among golden (the reference itself), qonnx, hls, rtl. frames: the
    least codes, the greatest codes, and random ones drawn with `seed`, which also draws the stalls.
    approximate: as in `import_file`; then each layer is compared with qonnx on qonnx's own integers, equal or
    within its proven bound; the other roads must be equal in any case.
    Raises UserError for files that cannot be imported, and if there is nothing to compare with.
    """
    roads: dict[str, Callable[[Subject], Check]] = {
        "qonnx": check_qonnx,
        "hls": check_hls,
        "rtl": lambda subject: check_rtl(subject, seed),
    }
    chosen = [name for name in dict.fromkeys(against) if name != GOLDEN]
    for name in chosen:
        if name not in roads:
            raise UserError(f"against: expected one of {GOLDEN}, {', '.join(roads)}, got {name!r}")
    if not chosen:
        raise UserError(f"against: expected one of {', '.join(roads)} besides the reference, got none")
    imported = import_file(model, approximate)
    network = imported.network
    home = work / f"{model.stem}-{digest(network)[:12]}"
    codes = sample_codes(imported.reader.codes, (frames, *network.input.shape), seed)
    images = imported.reader.images_of(codes)
    subject = Subject(model.stem, model, network, codes, home, images, imported.views, imported.bounds)
    checks = []
    for name in chosen:
        with progress.task(f"{model.stem}: golden against {name}"):
            checks.append(roads[name](subject))
    return checks


def sample_frames(network: Network, frames: int, seed: int) -> IntArray:
    """Codes of the input's type, [frames, *shape]: all least, all greatest, then random."""
    type_ = network.input.type
    return sample_codes(np.arange(type_.lo, type_.hi + 1), (frames, *network.input.shape), seed)


def sample_codes(codes: IntArray, shape: tuple[int, ...], seed: int) -> IntArray:
    """Some of `codes` [K], ascending, in `shape` [frames, ...]: all least, all greatest, then random."""
    chosen = np.random.default_rng(seed).integers(0, len(codes), shape)
    for index, extreme in enumerate((0, len(codes) - 1)[: shape[0]]):
        chosen[index] = extreme
    return codes[chosen]


def sweep(
    name: str,
    out: Path,
    seed: int = 0,
    data_folder: Path | None = None,
    storage: str | None = None,
    workers: int = 1,
    trials: int | None = None,
    crew: Crew | None = None,
    progress: Progress = SILENT,
) -> tuple[Swept, list[Check]]:
    """Searches recipes as a sweep file says; the best model in `out`, checked against the qonnx executor.

    name: a sweep that comes with twofold, or a .toml file. trials: instead of the file's. The rest is as of
    `twofold.sweep.run.sweep`. Raises UserError for a file that is no sweep, and as `twofold.sweep.run.sweep`.
    """
    swept = run_sweep(sweep_named(name, trials), out, seed, data_folder, storage, workers, crew, progress)
    return swept, verify(swept.model, ["qonnx"], seed=seed, progress=progress, work=out / "verify")


@dataclass(frozen=True)
class Build:
    """prediction: of the hardware. exactness: of the network's integers."""

    prediction: Prediction | HlsPrediction
    exactness: Exactness

    def as_json(self) -> dict[str, Any]:
        return {"predicted": self.prediction.as_json(), "exactness": self.exactness.as_json()}


def build(
    model: Path,
    board: str,
    backend: str,
    out: Path,
    progress: Progress = SILENT,
    approximate: bool = False,
    target_fps: float | None = None,
    hls: HlsChoices = DEFAULT_HLS,
) -> Build:
    """Writes a project for a board: `rtl`, engine and runtime for Vivado; `hls`, hls4ml's for an HLS tool.

    approximate: as in `import_file`. target_fps: frames a second; the smallest engine that is predicted to do
    them is built, without a target the smallest of all; of hls4ml's network, the cheapest layers that are
    predicted to do them, without a target the fastest that fit. hls: the choices that the backend hls leaves.
    Returns what is predicted and proven. Nothing of the vendors' tools is run. Raises UserError for boards,
    backends and choices that do not exist, and for a target that cannot be met, with the best that can be
    done.
    """
    target = load_board(board)
    imported = import_file(model, approximate)
    match backend:
        case "rtl":
            found: Prediction | HlsPrediction = _build_engine(
                imported.network, target, out, progress, target_fps
            )
        case "hls":
            found = _build_hls(imported.network, target, out, progress, target_fps, hls)
        case _:
            raise UserError(f"backend: expected rtl or hls, got {backend!r}")
    return Build(found, imported.exactness)


def _build_hls(
    network: Network, board: Board, out: Path, progress: Progress, target_fps: float | None, hls: HlsChoices
) -> HlsPrediction:
    options = options_of(board, hls)
    if target_fps is not None:
        options = fast_enough(network, board, options, target_fps)
    found = predict_hls(network, board, options)
    with progress.task(f"write the hls project for {board.name}"):
        if hls.flow == KERNEL_FLOW:
            write_kernel_project(network, board, out, options)
        else:
            generate_hls(network, out, options)
    return found


def _build_engine(
    network: Network, board: Board, out: Path, progress: Progress, target_fps: float | None
) -> Prediction:
    check_target(out)
    with progress.task("choose the engine"):
        if target_fps is None:
            found = Prediction.of(board, plan(network, propose_for(board, network)))
        else:
            found = choose(network, board, target_fps)
    with progress.task(f"write the rtl project for {board.name}"):
        write_engine_project(network, board, out, found.program)
    return found


def predict(model: Path | str, progress: Progress = SILENT) -> dict[str, Prediction | None]:
    """The fastest engine for a model on each board that comes with twofold; None where none fits.

    model: a QONNX file, or the name of a network, such as resnet8: then 4-bit APoT weights, first and last
    layer INT8, drawn at random with seed 0. Raises UserError for files that cannot be imported.
    """
    with progress.task(f"read {model}"):
        network = network_of(model)
    boards = [load_board(name) for name in board_names()]
    programs = {}
    for family, device in dict.fromkeys((board.family, budget(board)) for board in boards):
        with progress.task(f"plan engines for {device.name}"):
            programs[family, device] = engines(network, family, device)
    fits = {board.name: fitting(board, programs[board.family, budget(board)]) for board in boards}
    return {name: fastest(found) if found else None for name, found in fits.items()}


def synthesise(model: Path, board: str, progress: Progress = SILENT) -> tuple[Utilisation, Device]:
    """Utilisation of the whole engine for a model, by Yosys, and the board's device."""
    target = load_board(board)
    geometry = propose_for(target, import_model(model))
    with progress.task("synthesise the engine"):
        device = device_of(target)
        return synthesise_engine(geometry, family=device.family), device
