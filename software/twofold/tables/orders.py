"""Size and bit operations of a network that is quantised, pruned, or both, in either order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from twofold.metrics import LayerCost, bops_ratio, layer_costs, size_ratio, with_widths
from twofold.progress import SILENT, Progress
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.remove import kept_filters, remove_filters, widths
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int
from twofold.quant.trace import quantised_names
from twofold.quant.weighted import renew_quantisers
from twofold.quant.widths import widths_of

#: Shares of each convolution's filters that are removed.
RATIOS = (0.3, 0.5)
#: Height and width of the noise that scales are initialised from, on which no count depends.
_SMALL = 64
_MEBIBYTE = 8 * 2**20


@dataclass(frozen=True)
class Variant:
    """pruned: share of each convolution's filters, 0 if none is. size_mib: of the weights, in 2^20 bytes.

    size_ratio, bops_ratio: the float network's bits and bit operations over this one's.
    """

    label: str
    pruned: float
    size_mib: float
    size_ratio: float
    bops_ratio: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def variants(
    network: nn.Module, image: tuple[int, int, int] = (3, 224, 224), progress: Progress = SILENT
) -> tuple[Variant, ...]:
    """`network` in float, in INT8, and pruned by each of RATIOS alone, before INT8 and after it.

    Filters go by their Euclidean norm, really; counts depend on widths alone. image: [C, H, W] of a frame.
    """
    noise = torch.rand(2, image[0], _SMALL, _SMALL, generator=torch.Generator().manual_seed(0))
    example = torch.zeros(1, *image)
    baseline, found = layer_costs(network, example), []
    with progress.task("prune, quantise and count", total=2 + 3 * len(RATIOS)) as advance:
        for label, ratio, model in _models(network, noise):
            costs = _costs(model, example)
            size = sum(cost.size_bits for cost in costs) / _MEBIBYTE
            ratios = size_ratio(baseline, costs), bops_ratio(baseline, costs)
            found.append(Variant(label, ratio, size, *ratios))
            advance(1, label)
    return tuple(found)


def _models(network: nn.Module, noise: Tensor) -> Iterator[tuple[str, float, nn.Module]]:
    int8, names = Int(8), quantised_names(network)
    yield "float", 0.0, network
    yield "INT8", 0.0, quantise(network, int8, noise)
    for ratio in RATIOS:
        keep = {name: kept_filters(width, ratio) for name, width in widths(network).items()}
        pruned = _pruned(network, noise, keep)
        yield "pruned", ratio, pruned
        yield "pruned, then INT8", ratio, quantise(pruned, int8, noise)
        renamed = {names[name]: count for name, count in keep.items()}
        yield "INT8, then pruned", ratio, _pruned(quantise(network, int8, noise), noise, renamed)


def _pruned(model: nn.Module, noise: Tensor, keep: Mapping[str, int]) -> nn.Module:
    pruned = remove_filters(model, noise, FilterNorm(2), keep)
    renew_quantisers(pruned, model)
    return pruned


def _costs(model: nn.Module, example: Tensor) -> tuple[LayerCost, ...]:
    costs = layer_costs(model, example)
    if not isinstance(model, fx.GraphModule):
        return costs
    pairs = {name: (width.weights, width.activations) for name, width in widths_of(model).items()}
    return with_widths(costs, pairs)
