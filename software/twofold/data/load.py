"""Data sets by name."""

from __future__ import annotations

from pathlib import Path

from twofold.data.arrays import read_arrays
from twofold.data.cifar import read_cifar10
from twofold.data.dataset import Dataset
from twofold.data.digits import read_digits
from twofold.data.mnist import read_mnist
from twofold.errors import UserError

NAMES = ("digits", "mnist", "fashion-mnist", "cifar10", "arrays")


def load(name: str = "digits", folder: Path | str | None = None, seed: int = 0) -> Dataset:
    """name: one of NAMES; folder: where its files are, in their official layout; digits needs none, and of
    arrays it is the file (`twofold.data.arrays`).

    Raises UserError for an unknown name, and for a folder that is missing, incomplete, or not asked for.
    """
    if name not in NAMES:
        raise UserError(f"data set: expected one of {', '.join(NAMES)}, got {name!r}")
    if name == "digits":
        if folder is not None:
            raise UserError(
                f"digits: expected no folder, since they come with scikit-learn, got {folder}; name the data "
                "set that is there with --data, in Python as name="
            )
        return read_digits(seed)
    if name == "arrays":
        return read_arrays(_arrays_file(folder), seed)
    if folder is None or not Path(folder).is_dir():
        raise UserError(
            f"{name}: expected a folder with its files, got {folder or 'none'}; give it with --data-folder, "
            "in Python as folder="
        )
    home = Path(folder)
    return read_cifar10(home, seed) if name == "cifar10" else read_mnist(name, home, seed)


def dataset_name(name: str, folder: Path | str | None) -> str:
    """The name of the data set that `load` gives: of arrays, that of the file, without its ending."""
    return Path(folder).stem if name == "arrays" and folder is not None else name


def _arrays_file(path: Path | str | None) -> Path:
    if path is None or not Path(path).is_file():
        raise UserError(
            f"arrays: expected a file of numpy.savez, got {path or 'none'}; give it with --data-folder, in "
            "Python as folder="
        )
    return Path(path)
