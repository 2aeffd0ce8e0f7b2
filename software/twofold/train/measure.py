"""The figures of a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from twofold.data.dataset import Dataset, Images
from twofold.metrics import LayerCost, accuracy, bops_ratio, layer_costs, size_ratio, total_macs, with_bits
from twofold.qonnx.freeze import OUTPUT, FrozenModel
from twofold.qonnx.freeze_grids import weight_codes
from twofold.qonnx.freeze_run import run_frozen
from twofold.train.recipe import FLOAT, PRUNED, TrainRecipe
from twofold.train.result import Accuracy, Metrics

_BATCH = 512


def measure(
    recipe: TrainRecipe,
    dataset: Dataset,
    seed: int,
    model: nn.Module,
    frozen: FrozenModel | None,
    baseline: Sequence[LayerCost],
    stage_accuracy: Mapping[str, float],
    example: Tensor,
) -> Metrics:
    """model: as trained; frozen: None if nothing is quantised; baseline: costs of the unpruned float network.

    stage_accuracy: stage → percent of the test part. example: images [N, C, H, W], for shapes alone.
    """
    bits = recipe.quantisation
    compressed = layer_costs(frozen.module if frozen else model, example)
    if bits is not None:
        compressed = with_bits(compressed, bits.weight_bits, bits.activation_bits)
    quantised = frozen_accuracy(frozen, dataset.test) if frozen else None
    return Metrics(
        recipe.name,
        dataset.name,
        seed,
        Accuracy(stage_accuracy[FLOAT], stage_accuracy.get(PRUNED), quantised),
        size_ratio(baseline, compressed),
        total_macs(compressed),
        bops_ratio(baseline, compressed),
        weight_histograms(frozen) if frozen else {},
    )


def frozen_accuracy(frozen: FrozenModel, images: Images) -> float:
    """Percent of the images that the frozen model's integer logits classify rightly."""
    logits = [run_frozen(frozen, batch.real)[OUTPUT] for batch in images.batches(_BATCH)]
    return accuracy(np.concatenate(logits), images.labels)


def weight_histograms(frozen: FrozenModel) -> dict[str, dict[int, int]]:
    """Layer → weight code → how many weights have it."""
    histograms = {}
    for name, module in frozen.module.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            codes, counts = weight_codes(module)[0].unique(return_counts=True)
            pairs = zip(codes.tolist(), counts.tolist(), strict=True)
            histograms[name] = {int(code): int(count) for code, count in pairs}
    return histograms
