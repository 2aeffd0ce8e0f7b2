"""Splits and digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from twofold.data.dataset import Dataset, Images, stratified_split
from twofold.data.load import load
from twofold.errors import UserError


def test_digits_are_split_60_20_20() -> None:
    digits = load("digits")
    assert [len(part) for part in digits.parts] == [1079, 359, 359]
    assert digits.image_shape == (1, 8, 8)
    assert digits.classes == 10
    real = digits.train.real
    assert real.dtype == torch.float32
    assert float(real.min()) == 0
    assert float(real.max()) == 1
    assert torch.equal(real * 16, digits.train.pixels)


def test_the_split_depends_on_the_seed_only() -> None:
    assert load("digits", seed=3).fingerprint == load("digits", seed=3).fingerprint
    assert load("digits", seed=3).fingerprint != load("digits", seed=4).fingerprint


def test_the_parts_share_no_image_beyond_duplicates() -> None:
    digits = load("digits")
    everything = torch.cat([part.pixels.flatten(1) for part in digits.parts])
    assert len(everything) == 1797
    counts = [torch.bincount(part.labels, minlength=10) for part in digits.parts]
    assert all(int(count.min()) >= 0.9 * int(count.max()) for count in counts)


def test_a_split_keeps_every_image_once() -> None:
    labels = np.repeat(np.arange(3, dtype=np.uint8), 10)
    pixels = np.arange(30, dtype=np.uint8).reshape(30, 1, 1, 1)
    rest, part = stratified_split(Images.of(pixels, labels), 0.2, seed=1)
    assert torch.bincount(part.labels).tolist() == [2, 2, 2]
    assert sorted([*rest.pixels.flatten().tolist(), *part.pixels.flatten().tolist()]) == list(range(30))


def test_too_few_images_are_refused() -> None:
    images = Images.of(np.zeros((2, 1, 1, 1), np.uint8), np.array([0, 1], np.uint8))
    with pytest.raises(UserError, match="class 0: expected enough images"):
        stratified_split(images, 0.2, seed=0)


PIXELS = np.zeros((4, 1, 2, 2), np.uint8)
LABELS = np.arange(4)


@pytest.mark.parametrize(
    ("pixels", "labels", "full_scale", "said"),
    [
        (PIXELS / 2, LABELS, 255, r"got float64; of images in \[0, 1\] take np.round\(images \* 255\)"),
        (PIXELS[:, 0], LABELS, 255, r"\[images, channels, height, width\], got shape \(4, 2, 2\)"),
        (PIXELS + 17, LABELS, 16, "expected 0 to full_scale = 16, got 17 to 17"),
        (PIXELS - np.int64(1), LABELS, 255, "expected 0 to full_scale = 255, got -1 to -1"),
        (PIXELS, LABELS, 1000, "full_scale: expected 1 to 255, the value of a white pixel, got 1000"),
        (PIXELS, LABELS[:3], 255, "expected a label an image, got 3 for 4 images"),
        (PIXELS, LABELS - 1, 255, "labels: expected classes from 0, got -1"),
        (PIXELS, np.eye(4), 255, r"the number of each image's class, got float64 of shape \(4, 4\)"),
    ],
)
def test_what_is_no_set_of_labelled_images_is_refused(pixels, labels, full_scale, said) -> None:
    with pytest.raises(UserError, match=said):
        Images.of(pixels, labels, full_scale)


def test_integers_of_any_width_and_tensors_are_bytes_and_labels() -> None:
    images = Images.of(torch.full((4, 1, 2, 2), 7), torch.arange(4), full_scale=16)
    assert (images.pixels.dtype, images.labels.dtype) == (torch.uint8, torch.int64)
    assert images.pixels.unique().tolist() == [7]


def test_unknown_names_and_missing_folders_are_refused() -> None:
    with pytest.raises(
        UserError, match="expected one of digits, mnist, fashion-mnist, cifar10, arrays, got 'svhn'"
    ):
        load("svhn")
    with pytest.raises(UserError, match="mnist: expected a folder"):
        load("mnist")


def test_a_data_set_knows_what_it_was_split_with() -> None:
    assert [load("digits", seed=seed).split_seed for seed in (0, 3)] == [0, 3]


def test_parts_of_other_images_are_refused() -> None:
    def images(count: int, size: int, full_scale: int = 255) -> Images:
        return Images.of(np.zeros((count, 1, size, size), np.uint8), np.arange(count) % 3, full_scale)

    usual = images(6, 2)
    with pytest.raises(UserError, match="validation part: expected at least one image, found none"):
        Dataset("mine", usual, usual.take(slice(0)), usual)
    with pytest.raises(
        UserError, match=r"test part: .*, \[1, 2, 2\] of 0 to 255, found \[1, 3, 3\] of 0 to 255"
    ):
        Dataset("mine", usual, usual, images(6, 3))
    with pytest.raises(UserError, match=r"test part: .* found \[1, 2, 2\] of 0 to 15"):
        Dataset("mine", usual, usual, images(6, 2, 15))


def test_labels_from_1_are_refused() -> None:
    images = Images.of(np.zeros((6, 1, 2, 2), np.uint8), np.arange(6) % 3 + 1)
    with pytest.raises(
        UserError, match="labels: expected classes from 0, found none of 0, the first is 1; subtract 1"
    ):
        Dataset("mine", images, images, images)
