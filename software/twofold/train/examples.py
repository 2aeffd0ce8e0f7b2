"""Training images that scales, statistics and scores of filters come from."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from twofold.data.dataset import Dataset, Images

EXAMPLES = 512
_BATCH = 128


def examples_of(dataset: Dataset) -> Images:
    """The first EXAMPLES of the training part."""
    return dataset.train.take(slice(EXAMPLES))


def batches_of(examples: Images) -> Sequence[tuple[Tensor, Tensor]]:
    """Float images [N, C, H, W] and labels [N], in batches."""
    return [(batch.real, batch.labels) for batch in examples.batches(_BATCH)]
