"""A small network by any method, trained for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.methods.named import Method
from twofold.models.demo import DemoNet
from twofold.qonnx.importer.load import import_file
from twofold.train.recipe import Budget
from twofold.train.recipe_file import recipe_named
from twofold.train.result import TrainResult
from twofold.train.run import train
from twofold.train.settings import Adam, Fit
from twofold.verification.candidates import Subject

_FLOAT, _STAGE = Fit(20, Adam(5e-3), batch=48), Fit(1, Adam(1e-3), batch=48)
_IMAGES = (96, 32, 32)
"""To train on, to choose by, to compare on."""


class Workshop:
    """Makes networks in `folder`, all of them from one float network: the demo network of these `widths`."""

    def __init__(self, folder: Path, widths: Sequence[int]) -> None:
        digits = load("digits")
        train_, validation, test = (
            part.take(slice(count)) for part, count in zip(digits.parts, _IMAGES, strict=True)
        )
        self.folder, self.dataset = folder, Dataset("digits", train_, validation, test)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self._network = DemoNet(widths=(widths[0], widths[1]))
        self._start = self._trained("float", folder / "float", None).folder

    def make(self, method: Method) -> TrainResult:
        """Raises UserError as `train` does."""
        start = None if recipe_named(method.recipe).from_scratch else self._start
        return self._trained(method.recipe, self.folder / method.name, start)

    def subject(self, method: Method, result: TrainResult) -> Subject:
        """The result's file and the test images, for every road."""
        imported, images = import_file(result.onnx), self.dataset.test.real.numpy()
        codes, views = imported.reader.codes_of(images), imported.views
        return Subject(method.name, result.onnx, imported.network, codes, result.folder, images, views)

    def _trained(self, recipe: str, folder: Path, start: Path | None) -> TrainResult:
        budget = Budget(_FLOAT, _STAGE, _STAGE, _STAGE)
        return train(recipe, self.dataset, folder, model=self._network, budget=budget, start=start)
