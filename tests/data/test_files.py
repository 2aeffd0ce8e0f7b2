"""MNIST's and CIFAR-10's files, whole and damaged."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from twofold.data.load import load
from twofold.errors import UserError


def idx(values: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.tobytes()


def write_mnist(folder: Path, compress: bool) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    written = {}
    for prefix, count in (("train", 50), ("t10k", 20)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for name, values in (
            (f"{prefix}-images-idx3-ubyte", images),
            (f"{prefix}-labels-idx1-ubyte", labels),
        ):
            content = idx(values)
            path = folder / (f"{name}.gz" if compress else name)
            path.write_bytes(gzip.compress(content) if compress else content)
            written[name] = values
    return written


def write_cifar(folder: Path) -> np.ndarray:
    """Six batches of 20 rows; returns the test rows."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for name in [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]:
        rows = random.integers(0, 256, (20, 3073), dtype=np.uint8)
        rows[:, 0] = np.arange(20) % 10
        rows.tofile(folder / name)
    return rows


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_mnist_in_both_forms(tmp_path: Path, name: str, compress: bool) -> None:
    written = write_mnist(tmp_path, compress)
    read = load(name, tmp_path)
    assert read.name == name
    assert [len(part) for part in read.parts] == [40, 10, 20]
    assert torch.equal(read.test.pixels[:, 0], torch.tensor(written["t10k-images-idx3-ubyte"]))
    assert read.test.labels.tolist() == written["t10k-labels-idx1-ubyte"].tolist()


def test_cifar10_from_either_folder(tmp_path: Path) -> None:
    rows = write_cifar(tmp_path / "cifar-10-batches-bin")
    for folder in (tmp_path, tmp_path / "cifar-10-batches-bin"):
        read = load("cifar10", folder)
        assert [len(part) for part in read.parts] == [90, 10, 20]
        assert read.image_shape == (3, 32, 32)
        assert read.test.pixels[7, 2, 31, 31] == rows[7, 3072]
        assert read.test.pixels[7, 1, 0, 0] == rows[7, 1 + 1024]


def damage(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return apply


IMAGES = "train-images-idx3-ubyte"


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda folder: (folder / IMAGES).unlink(),
            f"expected the file {IMAGES} or .*, found neither",
        ),
        (damage(IMAGES, lambda content: b"\x89PNG" + content[4:]), "magic number 00000803, found 89504e47"),
        (damage(IMAGES, lambda content: content[:-1]), "truncated, expected 39216 bytes"),
        (damage(IMAGES, lambda content: content[:7]), "truncated, expected a header of 16 bytes, found 7"),
        (damage(IMAGES, lambda content: content + b"x"), "expected 39216 bytes .*, found 39217"),
        (
            damage("t10k-labels-idx1-ubyte", lambda content: idx(np.zeros(3, np.uint8))),
            "t10k labels as images",
        ),
    ],
)
def test_damaged_mnist_is_refused(tmp_path: Path, change: Callable[[Path], None], message: str) -> None:
    write_mnist(tmp_path, compress=False)
    change(tmp_path)
    with pytest.raises(UserError, match=message):
        load("mnist", tmp_path)


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path, compress=True)
    damage(f"{IMAGES}.gz", lambda content: content[:-20])(tmp_path)
    with pytest.raises(UserError, match="expected a whole gzip file"):
        load("mnist", tmp_path)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda folder: (folder / "data_batch_3.bin").unlink(), "data_batch_3.bin: expected this file"),
        (damage("test_batch.bin", lambda content: content[:-1]), "test_batch.bin: truncated"),
        (damage("data_batch_1.bin", lambda content: b""), "data_batch_1.bin: truncated"),
        (damage("data_batch_1.bin", lambda content: b"\x0b" + content[1:]), "labels 0 to 9, found 11"),
    ],
)
def test_damaged_cifar10_is_refused(tmp_path: Path, change: Callable[[Path], None], message: str) -> None:
    write_cifar(tmp_path)
    change(tmp_path)
    with pytest.raises(UserError, match=message):
        load("cifar10", tmp_path)


def test_cifar10_pickles_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(UserError, match="Python version, whose pickles are not read; download"):
        load("cifar10", tmp_path)
