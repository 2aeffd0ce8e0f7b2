"""Data of one's own, whole and damaged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.data.features import FeatureRange
from twofold.data.load import load
from twofold.errors import UserError

RANDOM = np.random.default_rng(0)
LABELS = {"y_train": np.arange(60) % 3, "y_test": np.arange(12) % 3}
PIXELS = {
    "x_train": RANDOM.integers(0, 256, (60, 2, 5, 4), np.uint8),
    "x_test": RANDOM.integers(0, 256, (12, 2, 5, 4), np.uint8),
}
FEATURES = {"x_train": RANDOM.normal(size=(60, 7)), "x_test": RANDOM.normal(size=(12, 7))}


def written(folder: Path, arrays: Mapping[str, Any]) -> Path:
    path = folder / "mine.npz"
    np.savez(path, **arrays)
    return path


def test_images(tmp_path: Path) -> None:
    read = load("arrays", written(tmp_path, PIXELS | LABELS), seed=3)
    assert (read.name, read.image_shape, read.classes, read.split_seed) == ("mine", (2, 5, 4), 3, 3)
    assert [len(part) for part in read.parts] == [48, 12, 12]
    assert np.array_equal(read.test.pixels.numpy(), PIXELS["x_test"])
    assert read.ranges is None


def test_grey_images_and_columns_of_labels(tmp_path: Path) -> None:
    grey = {name: values[:, 0] for name, values in PIXELS.items()}
    columns = {name: values[:, np.newaxis] for name, values in LABELS.items()}
    read = load("arrays", written(tmp_path, grey | columns))
    assert read.image_shape == (1, 5, 4)
    assert read.test.labels.tolist() == LABELS["y_test"].tolist()


def test_features_have_the_ranges_of_the_training_part(tmp_path: Path) -> None:
    values = FEATURES | {"x_test": FEATURES["x_train"][:12] * 2}
    read = load("arrays", written(tmp_path, values | LABELS))
    assert read.image_shape == (7, 1, 1)
    assert read.ranges is not None and read.ranges.is_same(FeatureRange.of(FEATURES["x_train"]))
    low, high = FEATURES["x_train"].min(0), FEATURES["x_train"].max(0)
    share = np.clip((values["x_test"] - low) / (high - low), 0, 1)
    assert np.array_equal(read.test.pixels.numpy()[:, :, 0, 0], np.rint(255 * share).astype(np.uint8))


def test_a_validation_part_of_ones_own_is_kept(tmp_path: Path) -> None:
    own = {"x_validation": PIXELS["x_test"][:6], "y_validation": LABELS["y_test"][:6]}
    read = load("arrays", written(tmp_path, PIXELS | LABELS | own))
    assert [len(part) for part in read.parts] == [60, 6, 12]


@pytest.mark.parametrize(
    "arrays, message",
    [
        (PIXELS, "mine.npz: expected the arrays x_train, y_train, x_test, y_test, y_train, y_test not found"),
        (
            PIXELS | LABELS | {"x_validation": PIXELS["x_test"]},
            "y_validation not found; write it with numpy.savez",
        ),
        (
            PIXELS | LABELS | {"y_test": LABELS["y_train"]},
            "x_test and y_test: expected a label an image, got 60",
        ),
        (PIXELS | LABELS | {"y_test": np.eye(12)}, "x_test and y_test: labels: expected integers"),
        (
            PIXELS | LABELS | {"x_train": PIXELS["x_train"] / 255},
            "x_train and y_train: pixels: expected integers",
        ),
        (
            PIXELS | LABELS | {"x_train": np.moveaxis(PIXELS["x_train"][:, :1], 1, -1)},
            r"channels first, .* got shape \(60, 5, 4, 1\); write numpy.moveaxis\(x, -1, 1\)",
        ),
        (
            FEATURES | LABELS | {"x_test": FEATURES["x_test"][:, :6]},
            "x_test and y_test: expected 7 features, got 6",
        ),
        (
            FEATURES | LABELS | {"x_train": np.where(np.arange(420).reshape(60, 7) == 49, np.nan, 0.5)},
            r"mine.npz, x_train: sample 7, feature 0: expected a number, got nan",
        ),
        (
            FEATURES | LABELS | {"x_test": np.full((12, 7), np.inf)},
            r"mine.npz, x_test and y_test: sample 0, feature 0: expected a number, got inf",
        ),
        (
            PIXELS | {name: labels + 1 for name, labels in LABELS.items()},
            "mine.npz: training labels: expected classes from 0, found none of 0, .*; subtract 1",
        ),
        (
            PIXELS | LABELS | {"x_train": np.array([{}] * 60)},
            "mine.npz: .* arrays of numbers, got: Object arrays",
        ),
    ],
)
def test_what_is_no_data_set_is_refused(tmp_path: Path, arrays: Mapping[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load("arrays", written(tmp_path, arrays))


def test_other_files_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"text", b"PK\x03\x04 torn"):
        (tmp_path / "mine.npz").write_bytes(content)
        with pytest.raises(
            UserError, match=r"mine\.npz: expected a file of numpy\.savez with arrays of numbers, got: "
        ):
            load("arrays", tmp_path / "mine.npz")
    np.save(tmp_path / "one.npy", np.arange(3))
    with pytest.raises(UserError, match=r"one\.npy: expected a file of numpy\.savez .*, got: a single array"):
        load("arrays", tmp_path / "one.npy")
    np.savez_compressed(tmp_path / "torn.npz", **PIXELS, **LABELS)
    whole = (tmp_path / "torn.npz").read_bytes()
    (tmp_path / "torn.npz").write_bytes(whole[:200] + bytes(64) + whole[264:])
    with pytest.raises(
        UserError, match=r"torn\.npz: expected a file of numpy\.savez with arrays of numbers, got: "
    ):
        load("arrays", tmp_path / "torn.npz")
    for missing in (None, tmp_path, tmp_path / "none.npz"):
        with pytest.raises(
            UserError, match=r"arrays: expected a file of numpy\.savez, got .*; give it with --data-folder"
        ):
            load("arrays", missing)
