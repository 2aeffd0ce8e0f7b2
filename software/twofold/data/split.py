"""How the data of a model's training were split, as its file says."""

from __future__ import annotations

from collections.abc import Mapping

from twofold.data.dataset import Dataset
from twofold.errors import UserError

DATASET, SPLIT_SEED = "dataset", "split_seed"
"""Names of the data set and of the seed of its split in a model's metadata."""
DRAWN = ("digits",)
"""Data sets whose test part is drawn with the seed; the others come with one."""
_DIGITS = 18


def split_seed_in(metadata: Mapping[str, str], dataset: str) -> int | None:
    """What the test part of `dataset` was drawn with when the model of `metadata` was trained on it.

    None if it was trained on another one, if its file does not say, and for a data set that has a test part
    of its own.
    """
    text = metadata.get(SPLIT_SEED, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_number and dataset in DRAWN and metadata.get(DATASET) == dataset else None


def check_split(metadata: Mapping[str, str], dataset: Dataset) -> None:
    """Raises UserError for a test part that has images of the model's training."""
    trained = split_seed_in(metadata, dataset.name)
    if trained is not None and trained != dataset.split_seed:
        raise UserError(
            f"{dataset.name}: expected the split of the model's training, seed {trained}, got that of seed "
            f"{dataset.split_seed}, whose test part has images that the model was trained on; leave --seed "
            f"out, in Python load it with seed={trained}"
        )
