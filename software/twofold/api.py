"""The names that a notebook needs.

    from pathlib import Path
    from twofold import api

    result = api.train("apot", api.load_dataset("digits"), Path("build/mine"), model=MyNetwork())
    print(api.evaluate(result.onnx, api.load_dataset("digits")).accuracy)
    checks = api.verify(result.onnx, ["qonnx", "hls", "rtl"])
    api.build(result.onnx, "pynq-z2", "rtl", Path("build/pynq"))

What follows `import_model` computes with codes: integers of a type with a scale and a zero point
(`twofold.network.types.IntType`). Whatever a user can mend is raised as `twofold.errors.UserError`.
"""

from __future__ import annotations

from pathlib import Path

from twofold.boards.board_file import board_names, load_board
from twofold.boards.choose import Prediction, budget, engine_of, engines, fastest, fitting
from twofold.building.build import build
from twofold.building.hls_choices import HlsChoices
from twofold.building.named import network_of
from twofold.building.projects import device_of
from twofold.data.dataset import Dataset
from twofold.data.features import FEATURES, FeatureRange
from twofold.data.load import load as load_dataset
from twofold.data.split import check_split, split_seed_in
from twofold.demo.flow import demo
from twofold.errors import UserError
from twofold.evaluation import Evaluation
from twofold.evaluation import evaluate as run_evaluation
from twofold.golden.compare import Check
from twofold.models.shipped import model_file
from twofold.overview import Overview, overview
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.progress import SILENT, Progress
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.importer.load import import_file, import_model
from twofold.qonnx.read import metadata_of
from twofold.quant.convert import quantise
from twofold.sweep.crew import Crew
from twofold.sweep.run import Swept
from twofold.sweep.run import sweep as run_sweep
from twofold.sweep.sweep_file import sweep_named
from twofold.synth.devices import Device
from twofold.synth.engine import synthesise_engine
from twofold.synth.utilisation import Utilisation
from twofold.train.run import train
from twofold.verification.verify import verify

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
    "split_seed",
    "sweep",
    "synthesise",
    "train",
    "verify",
]


def evaluate(
    model: Path | str, dataset: Dataset, progress: Progress = SILENT, approximate: bool = False
) -> Evaluation:
    """The golden model's accuracy on the whole test part of `dataset`.

    model: as of `show`. approximate: as in `import_file`. Raises UserError for files that cannot be imported,
    and for a data set of other images or of more classes than logits, whose features have other ranges, or
    whose test part was drawn with another seed than that of the model's training.
    """
    imported = import_file(model_file(model), approximate)
    check_split(imported.metadata, dataset)
    _check_ranges(imported.metadata.get(FEATURES), dataset)
    return run_evaluation(imported.network, dataset.test, dataset.classes, progress, imported.reader)


def split_seed(model: Path | str, name: str) -> int:
    """The seed to load the data set `name` with, so that a model was trained on nothing of its test part.

    model: as of `show`. 0 where its file says nothing of it. Raises UserError for a file that cannot be read.
    """
    return split_seed_in(metadata_of(model_file(model)), name) or 0


def _check_ranges(trained: str | None, dataset: Dataset) -> None:
    """Raises UserError where bytes of features stand for other numbers than in training."""
    if trained is None or dataset.ranges is None:
        return
    if not FeatureRange.from_text(trained).is_same(dataset.ranges):
        raise UserError(
            f"{dataset.name}: expected features of the ranges that the model was trained on, found others; "
            "put the x_train of its training beside the new x_test"
        )


def show(model: Path | str, approximate: bool = False) -> Overview:
    """The layers of a QONNX file, and where each of them runs.

    model: a path, or the name of one that comes with twofold, as `twofold models` lists them. approximate: as
    in `import_file`. Raises UserError for files that cannot be imported.
    """
    return overview(import_file(model_file(model), approximate))


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


def predict(
    model: Path | str, progress: Progress = SILENT, shape: tuple[int, int, int] | None = None
) -> dict[str, Prediction | None]:
    """The fastest engine for a model on each board that comes with twofold; None where none fits.

    model: a QONNX file, or the name of a network, such as resnet8 or mine.py:Net: then 4-bit APoT weights,
    first and last layer INT8, drawn at random with seed 0. shape: C, H, W of the images of such a network, as
    of `network_of`. Raises UserError for files that cannot be imported.
    """
    with progress.task(f"read {model}"):
        network = network_of(model, shape)
    boards = [load_board(name) for name in board_names()]
    programs = {}
    for family, device in dict.fromkeys((board.family, budget(board)) for board in boards):
        with progress.task(f"plan engines for {device.name}"):
            programs[family, device] = engines(network, family, device)
    fits = {board.name: fitting(board, programs[board.family, budget(board)]) for board in boards}
    return {name: fastest(found) if found else None for name, found in fits.items()}


def synthesise(
    model: Path | str, board: str, progress: Progress = SILENT, target_fps: float | None = None
) -> tuple[Utilisation, Device]:
    """Utilisation of the whole engine for a model, by Yosys, and the board's device.

    model: as of `show`. The engine is the one that `build` writes for the board and `target_fps`. Nothing is
    placed or timed. Raises UserError for files that cannot be imported, engines that the device cannot hold
    and a target that cannot be met.
    """
    target = load_board(board)
    network = import_model(model_file(model))
    with progress.task("choose the engine"):
        found = engine_of(network, target, target_fps)
    with progress.task("synthesise the engine"):
        device = device_of(target)
        return synthesise_engine(found.geometry, family=device.family), device
