"""What training gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from twofold.data.features import FEATURES, FeatureRange
from twofold.errors import UserError
from twofold.files import sha256, write_atomically
from twofold.qonnx.freeze import FrozenModel
from twofold.train.provenance import Provenance

PROVENANCE = "provenance"


@dataclass(frozen=True)
class Accuracy:
    """Percent of the test part.

    full: the trained float network, None if there was none; pruned: after the last pruning stage, None if
    nothing is pruned; quantised: the frozen integer model, or the quantised network itself where parts of
    it are in float, None if nothing is quantised.
    """

    full: float | None
    pruned: float | None
    quantised: float | None

    def as_json(self) -> dict[str, Any]:
        values = {"float": self.full, "pruned": self.pruned, "quantised": self.quantised}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Metrics:
    """All the figures that metrics.json holds, beside the run's key and `Provenance`.

    size_ratio, bops_ratio: of the unpruned 32-bit float network over the result; macs: of one frame of the
    result; split_seed: what the parts of the data were drawn with; weight_histograms: layer → weight code →
    count, of a frozen model; confusion: test images by label (row) and the result's answer (column),
    [classes, classes]; ranges: of measured quantities, None for pictures.
    """

    recipe: str
    dataset: str
    seed: int
    accuracy: Accuracy
    size_ratio: float
    macs: int
    bops_ratio: float
    split_seed: int
    weight_histograms: Mapping[str, Mapping[int, int]]
    confusion: tuple[tuple[int, ...], ...] = ()
    ranges: FeatureRange | None = None

    def as_json(self) -> dict[str, Any]:
        figures = {
            "recipe": self.recipe,
            "dataset": self.dataset,
            "seed": self.seed,
            "accuracy": self.accuracy.as_json(),
            "size_ratio": self.size_ratio,
            "macs": self.macs,
            "bops_ratio": self.bops_ratio,
            "split_seed": self.split_seed,
            "weight_histograms": {
                layer: {str(code): count for code, count in counts.items()}
                for layer, counts in self.weight_histograms.items()
            },
            "confusion": [list(row) for row in self.confusion],
        }
        return figures if self.ranges is None else {**figures, FEATURES: json.loads(self.ranges.as_text())}


@dataclass(frozen=True)
class TrainResult:
    """A trained model: its files in `folder`, its figures, and itself.

    module: the trained model; integer: the frozen one, None if nothing is quantised.
    """

    folder: Path
    metrics: Metrics
    module: nn.Module
    integer: FrozenModel | None

    @property
    def frozen(self) -> FrozenModel:
        """Raises UserError if nothing is quantised."""
        if self.integer is None:
            raise UserError(f"recipe {self.metrics.recipe}: expected one that quantises all layers")
        return self.integer

    @property
    def onnx(self) -> Path:
        return onnx_path(self.folder)

    @property
    def accuracy(self) -> Accuracy:
        return self.metrics.accuracy

    @property
    def size_ratio(self) -> float:
        return self.metrics.size_ratio

    @property
    def macs(self) -> int:
        return self.metrics.macs

    @property
    def bops_ratio(self) -> float:
        return self.metrics.bops_ratio

    @property
    def weight_histograms(self) -> Mapping[str, Mapping[int, int]]:
        return self.metrics.weight_histograms


def onnx_path(folder: Path) -> Path:
    return folder / "model.onnx"


def checkpoint_path(folder: Path) -> Path:
    return folder / "checkpoint.pt"


def metrics_path(folder: Path) -> Path:
    return folder / "metrics.json"


def split_seed_of(folder: Path, dataset: str) -> int:
    """What the data of the finished run in `folder` were drawn with, so that what follows keeps its parts.

    Raises UserError for a run that is not finished, or of another data set.
    """
    path = metrics_path(folder)
    try:
        found = json.loads(path.read_text())
        trained_on, seed = found["dataset"], int(found.get("split_seed", found["seed"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: expected the figures of a finished training run, found none; "
            "give the folder of a run that has come to its end"
        ) from error
    if trained_on != dataset:
        raise UserError(
            f"{folder}: expected a run on {dataset}, found one on {trained_on}; name it with --data"
        )
    return seed


def is_written(folder: Path, key: str, metrics: Metrics) -> bool:
    """True if metrics.json and, of a quantised model, model.onnx are of these inputs and figures.

    Whoever wrote them: what they were made by stays as it is noted there.
    """
    try:
        content = json.loads(metrics_path(folder).read_text())
        content.pop(PROVENANCE, None)
        return bool(content == _content(folder, key, metrics))
    except (OSError, ValueError):
        return False


def write_metrics(folder: Path, key: str, metrics: Metrics, provenance: Provenance) -> None:
    content = {**_content(folder, key, metrics), PROVENANCE: provenance.as_json()}
    write_atomically(metrics_path(folder), json.dumps(content, indent=2) + "\n")


def _content(folder: Path, key: str, metrics: Metrics) -> dict[str, Any]:
    content = {**metrics.as_json(), "key": key}
    if metrics.weight_histograms:
        content["onnx_sha256"] = sha256(onnx_path(folder))
    return content
