"""How many test images a network's integers classify rightly."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from twofold.data.dataset import Images
from twofold.errors import UserError
from twofold.golden.codes import quantise
from twofold.golden.execute import Golden
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.progress import SILENT, Progress

#: Images between two steps of the progress; what is in memory does not grow with the test set.
BATCH = 256


@dataclass(frozen=True, eq=False)
class Evaluation:
    """confusion: images by label (row) and answer (column), [classes, classes]; seconds: of execution."""

    confusion: IntArray
    seconds: float

    @property
    def samples(self) -> int:
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """Percent."""
        return 100 * self.correct / self.samples

    @property
    def images_a_second(self) -> float:
        return self.samples / self.seconds

    def as_json(self) -> dict[str, Any]:
        return {
            "accuracy": self.accuracy,
            "samples": self.samples,
            "correct": self.correct,
            "confusion": self.confusion.tolist(),
            "seconds": self.seconds,
            "images_a_second": self.images_a_second,
        }


class Reader(Protocol):
    """Turns images into a network's input. image_shape: of one image."""

    @property
    def image_shape(self) -> tuple[int, ...]: ...

    def codes_of(self, images: npt.NDArray[np.float32]) -> IntArray:
        """float32 [N, *image_shape] in [0, 1] → codes [N, *the input's shape]."""


def evaluate(
    network: Network,
    images: Images,
    classes: int,
    progress: Progress = SILENT,
    reader: Reader | None = None,
) -> Evaluation:
    """Runs the golden model on `images`, batch by batch; among equal logits the first counts.

    classes: of the data set. reader: how images become codes; by the input's type alone if not given. Raises
    UserError if the network takes images of another shape, or gives fewer logits, or if there are no images.
    """
    _check(network.input.shape if reader is None else reader.image_shape, network, images, classes)
    logits = network.output.shape[0]
    confusion = np.zeros((logits, logits), np.int64)
    start = time.monotonic()
    golden, codes = Golden(network), _codes_of_pixels(network, images.full_scale)

    def read(batch: Images) -> IntArray:
        return codes[batch.pixels.numpy()] if reader is None else reader.codes_of(batch.real.numpy())

    with progress.task("run the golden model", total=len(images)) as advance:
        for batch in images.batches(BATCH):
            answers = golden.outputs(read(batch)).argmax(axis=1)
            np.add.at(confusion, (batch.labels.numpy(), answers), 1)
            advance(len(batch), f"{100 * confusion.trace() / confusion.sum():.2f}%")
    return Evaluation(confusion, time.monotonic() - start)


def _codes_of_pixels(network: Network, full_scale: int) -> IntArray:
    """The input's code for each of the 256 values of a pixel, [256]."""
    return quantise(np.arange(256, dtype=np.float32) / np.float32(full_scale), network.input.type)


def _check(expected: tuple[int, ...], network: Network, images: Images, classes: int) -> None:
    shape = tuple(images.pixels.shape[1:])
    if expected != shape:
        raise UserError(
            f"expected a network for images of {_times(shape)}, found one for "
            f"{_times(expected)}; name the data set that it was trained on"
        )
    if len(network.output.shape) != 1 or network.output.shape[0] < classes:
        raise UserError(
            f"expected {classes} logits or more, one a class of the data set, found "
            f"{_times(network.output.shape)}"
        )
    if not len(images):
        raise UserError("expected at least one test image, found none")


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
