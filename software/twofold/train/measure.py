"""The figures of a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, fx, nn

from twofold.data.dataset import Dataset, Images
from twofold.metrics import LayerCost, accuracy, bops_ratio, layer_costs, size_ratio, total_macs, with_widths
from twofold.qonnx.freeze import OUTPUT, FrozenModel
from twofold.qonnx.freeze_grids import weight_codes
from twofold.qonnx.freeze_run import run_frozen
from twofold.quant.widths import widths_of
from twofold.train.loop import predict
from twofold.train.recipe import TrainRecipe
from twofold.train.result import Accuracy, Metrics
from twofold.train.stage import FLOAT, PRUNED

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
    compressed = _costs(frozen.module if frozen else model, example)
    logits = frozen_logits(frozen, dataset.test) if frozen else predict(model, dataset.test).numpy()
    quantised = accuracy(logits, dataset.test.labels) if recipe.quantisation is not None else None
    return Metrics(
        recipe.name,
        dataset.name,
        seed,
        Accuracy(stage_accuracy.get(FLOAT), stage_accuracy.get(PRUNED), quantised),
        size_ratio(baseline, compressed),
        total_macs(compressed),
        bops_ratio(baseline, compressed),
        dataset.split_seed,
        weight_histograms(frozen) if frozen else {},
        _confusion(logits, dataset.test),
        dataset.ranges,
    )


def _costs(model: nn.Module, example: Tensor) -> tuple[LayerCost, ...]:
    """In the widths that the layers have."""
    costs = layer_costs(model, example)
    if not isinstance(model, fx.GraphModule):
        return costs
    widths = {name: (width.weights, width.activations) for name, width in widths_of(model).items()}
    return with_widths(costs, widths)


def _confusion(logits: npt.NDArray[Any], images: Images) -> tuple[tuple[int, ...], ...]:
    counts = np.zeros((logits.shape[1],) * 2, np.int64)
    np.add.at(counts, (images.labels.numpy(), logits.argmax(1)), 1)
    return tuple(tuple(row) for row in counts.tolist())


def frozen_logits(frozen: FrozenModel, images: Images) -> npt.NDArray[Any]:
    """The frozen model's integer logits, [N, classes]."""
    return np.concatenate([run_frozen(frozen, batch.real)[OUTPUT] for batch in images.batches(_BATCH)])


def weight_histograms(frozen: FrozenModel) -> dict[str, dict[int, int]]:
    """Layer → weight code → how many weights have it."""
    histograms = {}
    for name, module in frozen.module.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            codes, counts = weight_codes(module)[0].unique(return_counts=True)
            pairs = zip(codes.tolist(), counts.tolist(), strict=True)
            histograms[name] = {int(code): int(count) for code, count in pairs}
    return histograms
