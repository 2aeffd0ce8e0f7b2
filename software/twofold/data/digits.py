"""scikit-learn's digits: 1,797 real images of 8×8 pixels, grey levels 0 to 16, part of its package."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from twofold.data.dataset import VALIDATION_SHARE, Dataset, Images, stratified_split

TEST_SHARE = 0.2
GREY_LEVELS = 16


def read_digits(seed: int = 0) -> Dataset:
    """60% train, 20% validation, 20% test, each class alike; images [N, 1, 8, 8]."""
    bundle = load_digits()
    pixels, labels = bundle.images[:, np.newaxis].astype(np.uint8), bundle.target.astype(np.uint8)
    everything = Images.of(pixels, labels, GREY_LEVELS)
    rest, test = stratified_split(everything, TEST_SHARE, seed)
    train, validation = stratified_split(rest, VALIDATION_SHARE / (1 - TEST_SHARE), seed)
    return Dataset("digits", train, validation, test, seed)
