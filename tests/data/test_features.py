"""Measured quantities become bytes, and networks that read them are exact like others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from twofold.data.dataset import Dataset, Images
from twofold.data.features import FeatureRange
from twofold.errors import UserError
from twofold.qonnx.importer.load import import_model
from twofold.train.recipe import Budget
from twofold.train.run import train
from twofold.train.settings import Adam, Fit

VALUES = np.array([[-1.0, 10.0], [0.0, 20.0], [1.0, 40.0]])


def test_bytes_are_linear_between_the_ends_and_clipped_beyond() -> None:
    ranges = FeatureRange.of(VALUES)
    assert ranges.codes(VALUES).reshape(3, 2).tolist() == [[0, 0], [128, 85], [255, 255]]
    assert ranges.codes([[-9.0, 41.0]]).reshape(2).tolist() == [0, 255]
    assert ranges.codes(VALUES).shape == (3, 2, 1, 1)


def test_tails_are_clipped() -> None:
    values = np.append(np.linspace(0, 1, 99), 1000.0)[:, None]
    assert FeatureRange.of(values).codes(values)[98] == 0
    assert FeatureRange.of(values, tails=2.0).codes(values)[97] > 250


@pytest.mark.parametrize(
    "values, message",
    [
        ([1.0, 2.0], r"expected \[samples, features\], got shape \(2,\)"),
        ([["a", "b"]], "features: expected numbers .*, got: could not convert string to float"),
        (np.zeros((0, 3)), "expected .samples, features."),
        ([[1.0, 2.0], [float("nan"), 3.0]], "sample 1, feature 0: expected a number, got nan"),
        ([[1.0, 2.0], [3.0, 2.0]], r"feature 1: expected values that differ, got 2.0; leave it out"),
    ],
)
def test_what_has_no_range_is_refused(values: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        FeatureRange.of(values)  # type: ignore[arg-type]


def test_other_features_than_those_of_the_range_are_refused() -> None:
    with pytest.raises(UserError, match="expected 2 features, got 3"):
        FeatureRange.of(VALUES).codes(np.zeros((1, 3)))
    with pytest.raises(UserError, match="tails: expected a percentage from 0 to below 50, got 50"):
        FeatureRange.of(VALUES, tails=50)


def test_a_network_of_features_trains_and_exports(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 240)
    values = random.normal(size=(240, 6)) + 3 * np.eye(3, 6)[labels]
    ranges = FeatureRange.of(values[:160])
    parts = [Images.of(ranges.codes(values[a:b]), labels[a:b]) for a, b in ((0, 160), (160, 200), (200, 240))]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 3))
    fit = Fit(8, Adam(1e-2), batch=16)
    result = train("int8", Dataset("blobs", *parts), tmp_path, model=model, budget=Budget(fit, fit, fit, fit))
    assert result.accuracy.quantised > 80
    network = import_model(result.onnx)
    assert network.input.shape == (6, 1, 1)


def test_ranges_are_kept_to_the_bit_as_text() -> None:
    ranges = FeatureRange.of(np.random.default_rng(0).normal(size=(50, 5)))
    again = FeatureRange.from_text(ranges.as_text())
    assert again.is_same(ranges)
    assert not FeatureRange(ranges.low, ranges.high + 1).is_same(ranges)


@pytest.mark.parametrize(
    "text",
    ["", "[1]", '{"low": [0]}', '{"low": [0], "high": ["x"]}', '{"low": [1], "high": [1]}', "[" * 9999],
)
def test_other_text_is_no_range(text: str) -> None:
    with pytest.raises(UserError, match=r"features: expected low .*of each, found '"):
        FeatureRange.from_text(text)
