"""What makes a training run the same each time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from twofold.data.dataset import Dataset
from twofold.train.compute import SMALL_IMAGE


@contextmanager
def own_generator(seed: int) -> Iterator[None]:
    """Seeds PyTorch's global generator and restores it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def threads_for(dataset: Dataset) -> Iterator[None]:
    """One thread for small images; the number of before afterwards."""
    before = torch.get_num_threads()
    if math.prod(dataset.image_shape) < SMALL_IMAGE:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
