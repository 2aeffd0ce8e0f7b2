"""Random changes to training images that leave their labels true."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from twofold.errors import UserError


@dataclass(frozen=True)
class Augmentation:
    """shift: largest displacement in pixels, in both directions; flip: share of images mirrored sideways.

    Draws for every image of its own, from PyTorch's global generator of the CPU. A single row or column
    stays where it is, as it would leave the image. Raises UserError for a negative shift and other shares.
    """

    shift: int = 1
    flip: float = 0.0

    def __post_init__(self) -> None:
        if self.shift < 0:
            raise UserError(f"shift: expected 0 pixels or more, got {self.shift}")
        if not 0 <= self.flip <= 1:
            raise UserError(f"flip: expected a share from 0 to 1, got {self.flip}")

    def __call__(self, images: Tensor) -> Tensor:
        """[N, C, H, W] of any number format → the same; what moves in from outside is 0."""
        moved = self._shifted(images) if self.shift else images
        if not self.flip:
            return moved
        mirrored = (torch.rand(len(images)) < self.flip).to(images.device)
        return torch.where(mirrored[:, None, None, None], moved.flip(3), moved)

    def _shifted(self, images: Tensor) -> Tensor:
        count, _, height, width = images.shape
        down, across = (self.shift if size > 1 else 0 for size in (height, width))
        padded = F.pad(images, [across, across, down, down])
        top, left = (torch.randint(0, 2 * most + 1, (count, 1)) for most in (down, across))
        rows, columns = top + torch.arange(height), left + torch.arange(width)
        index = torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]
        first, row, column = (axis.to(images.device) for axis in index)
        return padded[first, :, row, column].permute(0, 3, 1, 2)
