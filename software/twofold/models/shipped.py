"""Trained networks that come with twofold, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("trained")


@dataclass(frozen=True)
class ShippedModel:
    """A finished training run: checkpoint.pt, model.onnx and metrics.json in `folder`.

    network: of `twofold.models.catalogue`; recipe: that trained it. docs/results.json has the run's row.
    """

    folder: Path
    network: str
    recipe: str

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def onnx(self) -> Path:
        return self.folder / "model.onnx"

    def metrics(self) -> Mapping[str, Any]:
        """What the run measured: keys as in `twofold.train.result.Metrics`."""
        document: Mapping[str, Any] = json.loads((self.folder / "metrics.json").read_text())
        return document


def shipped_models(folder: Path = FOLDER) -> tuple[ShippedModel, ...]:
    """By name; a run's folder is called NETWORK_RECIPE."""
    runs = sorted(path.parent for path in folder.glob("*/model.onnx"))
    return tuple(ShippedModel(run, *run.name.split("_", 1)) for run in runs)


def model_file(model: str | Path) -> Path:
    """The file of the model that comes with twofold by this name, or of the run in this folder, or else the
    path that it is.
    """
    named = {shipped.name: shipped.onnx for shipped in shipped_models()}
    if str(model) in named:
        return named[str(model)]
    of_run = Path(model) / "model.onnx"
    return of_run if of_run.is_file() else Path(model)
