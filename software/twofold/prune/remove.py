"""Physically removes filters, with everything in other layers that depends on them."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
import torch_pruning as tp
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.prune.criteria.criterion import Ranking, Scores, group_importance
from twofold.prune.groups import ChannelGroup, dependencies, groups_of
from twofold.prune.prunable import Prunable, WeightsOf, raw_weights


def kept_filters(width: int, ratio: float, align: int = 1) -> int:
    """`width − int(ratio · width)`: 16 → 12 and 32 → 23 at 30%; 0.29 · 100 is 29, whatever floats say.

    At least one; rounded up to a multiple of `align`, 32 → 24 at 8, but never to more than `width`.
    """
    kept = max(width - int(ratio * width + 1e-9), 1)
    return min(width, -(-kept // align) * align)


def widths(model: nn.Module) -> Mapping[str, int]:
    """Filters of each convolution, by name."""
    return {name: m.out_channels for name, m in model.named_modules() if isinstance(m, nn.Conv2d)}


def remove_filters(
    model: nn.Module,
    example: Tensor,
    ranking: Ranking,
    keep: Mapping[str, int],
    weights: WeightsOf = raw_weights,
) -> nn.Module:
    """A copy of `model` in which each convolution named in `keep` has so many filters left.

    Convolutions whose results are added together lose the same filters: those of the least mean importance,
    each layer's importance divided by its mean. example: images [N, C, H, W], for tracing. weights: what
    layers are judged by. Every layer is scored before any is cut.
    Raises UserError if convolutions that depend on each other are to keep different numbers.
    """
    pruned = copy.deepcopy(model)
    graph = dependencies(pruned, example)
    network = Prunable(pruned, tuple(groups_of(graph, pruned)), weights)
    least = filters_to_remove(network.groups, ranking(network), keep)
    for group, channels in zip(network.groups, least, strict=True):
        root = pruned.get_submodule(group.producers[0])
        if channels:
            graph.get_pruning_group(root, tp.prune_conv_out_channels, idxs=channels).prune()
    return pruned


def filters_to_remove(
    groups: tuple[ChannelGroup, ...], scores: Scores, keep: Mapping[str, int]
) -> list[list[int]]:
    """Which channels each group gives up so that as many are left as `keep` says; none if it says nothing."""
    return [least_filters(group, scores, _wanted(group, keep)) for group in groups]


def least_filters(group: ChannelGroup, scores: Scores, keep: int | None) -> list[int]:
    """The channels of least importance, so that `keep` are left, in ascending order."""
    importance = group_importance(group, scores)
    excess = 0 if keep is None else max(len(importance) - keep, 0)
    return sorted(torch.argsort(importance, stable=True)[:excess].tolist())


def _wanted(group: ChannelGroup, keep: Mapping[str, int]) -> int | None:
    wanted = {keep[name] for name in group.producers if name in keep}
    if len(wanted) > 1:
        raise UserError(
            f"{', '.join(group.producers)}: their results are added, so they must keep equally many filters, "
            f"got {sorted(wanted)}"
        )
    return wanted.pop() if wanted else None
