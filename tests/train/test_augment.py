"""Augmentation: what moves, what is mirrored, and that no sample is lost."""

from __future__ import annotations

import pytest
import torch

from twofold.train.augment import Augmentation


def test_shifts_move_whole_images() -> None:
    torch.manual_seed(0)
    images = torch.zeros(200, 2, 5, 5)
    images[:, :, 2, 2] = 1
    moved = Augmentation(shift=1)(images)
    assert moved.shape == images.shape
    assert torch.equal(moved.sum((2, 3)), torch.ones(200, 2))
    assert torch.equal(moved[:, 0], moved[:, 1])
    reached = moved[:, 0].sum(0) > 0
    assert bool(reached[1:4, 1:4].all())
    assert int(reached.sum()) == 9


def test_flips_mirror_some_images() -> None:
    torch.manual_seed(0)
    images = torch.arange(4.0).expand(50, 1, 4, 4)
    flipped = Augmentation(shift=0, flip=0.5)(images)
    mirrored = flipped[:, 0, 0, 0] == 3
    assert 10 < int(mirrored.sum()) < 40
    assert torch.equal(flipped[mirrored], images[mirrored].flip(3))
    assert torch.equal(Augmentation(shift=0)(images), images)


@pytest.mark.parametrize("size", [(1, 1), (1, 128), (128, 1)], ids=lambda size: "×".join(map(str, size)))
def test_no_sample_leaves_its_frame(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    images = torch.randint(1, 256, (500, 3, *size), dtype=torch.uint8)
    moved = Augmentation(shift=4)(images)
    kept = (moved.flatten(1) > 0).sum(1)
    assert int(kept.min()) >= max(images[0].numel() - 4 * 3, 3)
    assert torch.equal(moved, images) is (size == (1, 1))


def test_draws_are_those_of_runs_that_have_begun() -> None:
    images = torch.arange(300 * 4 * 5).reshape(300, 1, 4, 5)
    torch.manual_seed(7)
    moved, after = Augmentation(shift=2)(images), torch.rand(1)
    torch.manual_seed(7)
    down, across = torch.randint(0, 5, (2, 300))
    padded = torch.nn.functional.pad(images, [2] * 4)
    for image, (row, column) in enumerate(zip(down.tolist(), across.tolist(), strict=True)):
        assert torch.equal(moved[image], padded[image, :, row : row + 4, column : column + 5])
    assert torch.equal(after, torch.rand(1))
