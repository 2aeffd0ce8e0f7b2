"""Labelled images in three parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from twofold.errors import UserError

VALIDATION_SHARE = 0.2

ByteArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Images:
    """pixels: uint8 [N, C, H, W], 0 to full_scale; labels: int64 [N]."""

    pixels: Tensor
    labels: Tensor
    full_scale: int

    @classmethod
    def of(cls, pixels: ByteArray, labels: ByteArray, full_scale: int = 255) -> Images:
        """pixels: [N, C, H, W]; labels: [N]. Copies both. Raises UserError if their counts differ."""
        if len(pixels) != len(labels):
            raise UserError(f"expected a label an image, got {len(labels)} for {len(pixels)} images")
        return cls(torch.tensor(pixels), torch.tensor(labels, dtype=torch.int64), full_scale)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def real(self) -> Tensor:
        """All images as float32 in [0, 1], [N, C, H, W]."""
        return self.pixels.to(torch.float32) / self.full_scale

    def take(self, index: Tensor | slice) -> Images:
        return replace(self, pixels=self.pixels[index], labels=self.labels[index])

    def batches(self, size: int) -> Iterator[Images]:
        """All images in order; the last batch may be smaller."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))


@dataclass(frozen=True, eq=False)
class Dataset:
    """train: to fit; validation: to choose; test: to report. split_seed: what the parts were drawn with."""

    name: str
    train: Images
    validation: Images
    test: Images
    split_seed: int = 0

    @property
    def image_shape(self) -> tuple[int, int, int]:
        channels, height, width = self.train.pixels.shape[1:]
        return channels, height, width

    @cached_property
    def classes(self) -> int:
        return int(max(part.labels.max() for part in self.parts)) + 1

    @property
    def parts(self) -> tuple[Images, Images, Images]:
        return self.train, self.validation, self.test

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of every pixel and label and of how they are split."""
        digest = hashlib.sha256()
        for part in self.parts:
            digest.update(str((part.pixels.shape, part.full_scale)).encode())
            digest.update(part.pixels.numpy().tobytes())
            digest.update(part.labels.numpy().tobytes())
        return digest.hexdigest()


def stratified_split(images: Images, share: float, seed: int) -> tuple[Images, Images]:
    """(the rest, `share` of each class), drawn with `seed`; both in the order of `images`.

    Raises UserError if the images are too few for one of each class on both sides.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.zeros(len(images), dtype=torch.bool)
    for label in images.labels.unique():
        members = torch.nonzero(images.labels == label).flatten()
        count = round(len(members) * share)
        if not 0 < count < len(members):
            raise UserError(
                f"class {int(label)}: expected enough images to split off {share:.0%}, found {len(members)}"
            )
        chosen[members[torch.randperm(len(members), generator=generator)[:count]]] = True
    return images.take(~chosen), images.take(chosen)
