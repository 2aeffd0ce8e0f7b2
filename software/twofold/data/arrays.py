"""Data of one's own: numpy arrays in one file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from twofold.data.dataset import VALIDATION_SHARE, Dataset, Images, stratified_split
from twofold.data.features import FeatureRange
from twofold.errors import UserError

Array = npt.NDArray[Any]

_NEEDED = ("x_train", "y_train", "x_test", "y_test")
_VALIDATION = ("x_validation", "y_validation")
_COLOURS = (1, 3)


def read_arrays(path: Path, seed: int = 0) -> Dataset:
    """Reads a file of `numpy.savez`: x_train, y_train, x_test, y_test and perhaps x_validation, y_validation.

    y: the number of each sample's class, integers [N] or [N, 1]. x: integers of 0 to 255, [N, C, H, W] or
    [N, H, W]; or numbers [N, F], measured quantities, of which bytes are made by the ranges of x_train
    (`twofold.data.features`). Without a validation part a fifth of the training part becomes it, drawn with
    `seed`. Raises UserError, with the array's name, for what is missing, damaged or of another kind.
    """
    arrays = _read(path)
    training = arrays["x_train"]
    with _named(f"{path}, x_train"):
        ranges = FeatureRange.of(training) if training.ndim == 2 else None

    def part(name: str) -> Images:
        with _named(f"{path}, x_{name} and y_{name}"):
            return _images(arrays[f"x_{name}"], arrays[f"y_{name}"], ranges)

    if _VALIDATION[0] in arrays:
        train, validation = part("train"), part("validation")
    else:
        train, validation = stratified_split(part("train"), VALIDATION_SHARE, seed)
    test = part("test")
    with _named(str(path)):
        return Dataset(path.stem, train, validation, test, seed, ranges)


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Inside, errors begin with where they arose."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _read(path: Path) -> dict[str, Array]:
    try:
        opened = np.load(path, allow_pickle=False)
        if not isinstance(opened, NpzFile):
            raise ValueError("a single array")
        with opened:
            found = {name: opened[name] for name in (*_NEEDED, *_VALIDATION) if name in opened}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{path}: expected a file of numpy.savez with arrays of numbers, got: {reason}"
        ) from error
    wanted = (*_NEEDED, *(_VALIDATION if set(_VALIDATION) & set(found) else ()))
    missing = [name for name in wanted if name not in found]
    if missing:
        raise UserError(
            f"{path}: expected the arrays {', '.join(wanted)}, {', '.join(missing)} not found; write it with "
            "numpy.savez(path, x_train=..., y_train=..., x_test=..., y_test=...)"
        )
    return found


def _images(x: Array, y: Array, ranges: FeatureRange | None) -> Images:
    labels = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if ranges is not None:
        return Images.of(ranges.codes(x), labels)
    pixels = x[:, np.newaxis] if x.ndim == 3 else x
    if pixels.ndim == 4 and pixels.shape[3] in _COLOURS and pixels.shape[1] not in _COLOURS:
        raise UserError(
            f"expected channels first, [N, C, H, W], got shape {x.shape}; write numpy.moveaxis(x, -1, 1)"
        )
    return Images.of(pixels, labels)
