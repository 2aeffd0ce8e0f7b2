"""Runs of every way of training that are stopped after each of their epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.models.demo import DemoNet
from twofold.progress import SILENT, Advance, Progress
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.result import TrainResult, checkpoint_path
from twofold.train.run import train

RECIPES = (
    "spq", "joint", "pseudo", "slimming", "iterative_l1", "unstructured_l1", "int8_prune", "mixed_gradual",
    "two_bit", "int4_error", "int4_kurtosis",
)  # fmt: skip
MOST_EPOCHS = 40


def in_sittings(sitting: Callable[[], TrainResult]) -> tuple[TrainResult, int]:
    """Calls until none is stopped: the last one's result, and how many were."""
    for stops in range(MOST_EPOCHS):
        with suppress(KeyboardInterrupt):
            return sitting(), stops
    raise AssertionError(f"{MOST_EPOCHS} sittings did not end the run")


class OneEpoch:
    """A progress that stops the run as Ctrl-C does once an epoch has been trained and saved."""

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        def advance(steps: int = 1, note: str = "") -> None:
            if note:
                raise KeyboardInterrupt

        yield advance


@pytest.mark.parametrize("recipe", RECIPES)
def test_weights_are_those_of_one_sitting(
    recipe: str, few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    def run(folder: Path, progress: Progress) -> TrainResult:
        torch.manual_seed(0)
        network = DemoNet(widths=(4, 6))
        return train(recipe, few_digits, folder, 0, progress, network, short_budget)

    whole = run(tmp_path / "whole", SILENT)
    resumed, stops = in_sittings(lambda: run(tmp_path / "resumed", OneEpoch()))
    expected, found = (Checkpoint.read(checkpoint_path(each.folder)) for each in (whole, resumed))
    assert stops == sum(map(len, expected.history.values()))
    assert expected.finished.keys() == found.finished.keys()
    for stage, weights in expected.finished.items():
        for name, value in weights.items():
            assert torch.equal(found.finished[stage][name], value), f"{stage}.{name}"
    assert resumed.onnx.read_bytes() == whole.onnx.read_bytes()
