"""CIFAR-10 in its binary version: rows of one label byte and 3 × 32 × 32 pixel bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twofold.data.dataset import Dataset, Images, stratified_split
from twofold.errors import UserError

FOLDER = "cifar-10-batches-bin"
_PYTHON_FOLDER = "cifar-10-batches-py"
_SHAPE = (3, 32, 32)
_ROW = 1 + 3 * 32 * 32
_CLASSES = 10
_VALIDATION_SHARE = 0.1
_ADVICE = "download and unpack the binary version, cifar-10-binary.tar.gz"


def read_cifar10(folder: Path, seed: int = 0) -> Dataset:
    """Reads data_batch_1.bin … data_batch_5.bin and test_batch.bin; images [N, 3, 32, 32].

    folder: `cifar-10-batches-bin` or the folder that holds it. A tenth of the training images becomes the
    validation part. Raises UserError for a missing or damaged file, and for the Python version, whose pickles
    are not read because reading a pickle can run any code.
    """
    source = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    if not (source / "test_batch.bin").is_file() and _is_python_version(source):
        raise UserError(f"{source}: found CIFAR-10's Python version, whose pickles are not read; {_ADVICE}")
    batches = [_batch(source / f"data_batch_{number}.bin") for number in range(1, 6)]
    pixels, labels = (np.concatenate(part) for part in zip(*batches, strict=True))
    train, validation = stratified_split(Images.of(pixels, labels), _VALIDATION_SHARE, seed)
    test = Images.of(*_batch(source / "test_batch.bin"))
    return Dataset("cifar10", train, validation, test, seed)


def _is_python_version(folder: Path) -> bool:
    return (folder / _PYTHON_FOLDER).is_dir() or (folder / "data_batch_1").is_file()


def _batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    if not path.is_file():
        raise UserError(f"{path}: expected this file, found none; {_ADVICE}")
    content = np.fromfile(path, np.uint8)
    if not content.size or content.size % _ROW:
        raise UserError(f"{path}: truncated, expected a multiple of {_ROW} bytes, found {content.size}")
    rows = content.reshape(-1, _ROW)
    if rows[:, 0].max() >= _CLASSES:
        raise UserError(f"{path}: expected labels 0 to {_CLASSES - 1}, found {rows[:, 0].max()}; {_ADVICE}")
    return rows[:, 1:].reshape(-1, *_SHAPE), rows[:, 0]
