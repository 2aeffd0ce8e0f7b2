"""MNIST and Fashion-MNIST: 60,000 and 10,000 images of 28×28 in four idx files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twofold.data.dataset import VALIDATION_SHARE, Dataset, Images, stratified_split
from twofold.data.idx import read_idx
from twofold.errors import UserError


def read_mnist(name: str, folder: Path, seed: int = 0) -> Dataset:
    """Reads {train,t10k}-{images-idx3,labels-idx1}-ubyte, with or without .gz; images [N, 1, H, W].

    A fifth of the training images becomes the validation part. Raises UserError for a missing or
    damaged file.
    """
    train, validation = stratified_split(_part(folder, "train"), VALIDATION_SHARE, seed)
    return Dataset(name, train, validation, _part(folder, "t10k"), seed)


def _part(folder: Path, prefix: str) -> Images:
    pixels = read_idx(_find(folder, f"{prefix}-images-idx3-ubyte"), 3)
    labels = read_idx(_find(folder, f"{prefix}-labels-idx1-ubyte"), 1)
    if len(pixels) != len(labels):
        raise UserError(
            f"{folder}: expected as many {prefix} labels as images, got {len(labels)}, {len(pixels)}"
        )
    return Images.of(pixels[:, np.newaxis], labels)


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise UserError(
        f"{folder}: expected the file {name} or {name}.gz, found neither; download it to that folder"
    )
