"""Labelled images in three parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from twofold.errors import UserError

if TYPE_CHECKING:
    from twofold.data.features import FeatureRange

VALIDATION_SHARE = 0.2

ByteArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Images:
    """pixels: uint8 [N, C, H, W], 0 to full_scale; labels: int64 [N]."""

    pixels: Tensor
    labels: Tensor
    full_scale: int

    @classmethod
    def of(cls, pixels: npt.ArrayLike, labels: npt.ArrayLike, full_scale: int = 255) -> Images:
        """pixels: integers [N, C, H, W], 0 to full_scale, at most 255; labels: integers [N], from 0.

        Copies both. Raises UserError for arrays of another kind, shape or range.
        """
        images, classes = np.asarray(pixels), np.asarray(labels)
        _check_pixels(images, full_scale)
        _check_labels(classes, len(images))
        return cls(torch.tensor(images.astype(np.uint8)), torch.tensor(classes.astype(np.int64)), full_scale)

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


def _check_pixels(pixels: npt.NDArray[Any], full_scale: int) -> None:
    if not 0 < full_scale <= 255:
        raise UserError(f"full_scale: expected 1 to 255, the value of a white pixel, got {full_scale}")
    if pixels.ndim != 4:
        raise UserError(f"pixels: expected [images, channels, height, width], got shape {pixels.shape}")
    if not np.issubdtype(pixels.dtype, np.integer):
        raise UserError(
            f"pixels: expected integers from 0 to {full_scale}, got {pixels.dtype}; of images in [0, 1] take "
            f"np.round(images * {full_scale}).astype(np.uint8)"
        )
    if pixels.size and not 0 <= pixels.min() <= pixels.max() <= full_scale:
        raise UserError(
            f"pixels: expected 0 to full_scale = {full_scale}, got {pixels.min()} to {pixels.max()}"
        )


def _check_labels(labels: npt.NDArray[Any], images: int) -> None:
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(
            f"labels: expected integers [images], the number of each image's class, "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    if len(labels) != images:
        raise UserError(f"expected a label an image, got {len(labels)} for {images} images")
    if images and labels.min() < 0:
        raise UserError(f"labels: expected classes from 0, got {labels.min()}")


@dataclass(frozen=True, eq=False)
class Dataset:
    """train: to fit; validation: to choose; test: to report. split_seed: what the parts were drawn with.

    ranges: what the bytes of measured quantities stand for; None for pictures.
    Raises UserError for an empty part, for parts of other images than the training part's, and if no training
    label is 0, as of labels from 1, which would make a class too many.
    """

    name: str
    train: Images
    validation: Images
    test: Images
    split_seed: int = 0
    ranges: FeatureRange | None = None

    def __post_init__(self) -> None:
        self._check_parts()
        if lowest := int(self.train.labels.min()):
            raise UserError(
                f"training labels: expected classes from 0, found none of 0, the first is {lowest}; "
                f"subtract {lowest}"
            )

    def _check_parts(self) -> None:
        wanted = tuple(self.train.pixels.shape[1:]), self.train.full_scale
        for name, part in zip(("training", "validation", "test"), self.parts, strict=True):
            if not len(part):
                raise UserError(f"{name} part: expected at least one image, found none")
            found = tuple(part.pixels.shape[1:]), part.full_scale
            if found != wanted:
                (shape, scale), (of, to) = found, wanted
                raise UserError(
                    f"{name} part: expected images like the training part's, {list(of)} of 0 to {to}, found "
                    f"{list(shape)} of 0 to {scale}"
                )

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
