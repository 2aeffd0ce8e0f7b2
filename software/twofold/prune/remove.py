"""Physically removes filters, with everything in other layers that depends on them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
import torch_pruning as tp
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.prune.criteria import Criterion


def kept_filters(width: int, ratio: float, align: int = 1) -> int:
    """`width − int(ratio · width)`: 16 → 12 and 32 → 23 at 30%.

    Rounded up to a multiple of `align`, 32 → 24 at 8, but never to more than `width`.
    """
    kept = width - int(ratio * width)
    return min(width, -(-kept // align) * align)


def widths(model: nn.Module) -> Mapping[str, int]:
    """Filters of each convolution, by name."""
    return {name: m.out_channels for name, m in model.named_modules() if isinstance(m, nn.Conv2d)}


def remove_filters(
    model: nn.Module, example: Tensor, criterion: Criterion, keep: Mapping[str, int]
) -> nn.Module:
    """A copy of `model` in which each convolution named in `keep` has so many filters left.

    Convolutions whose results are added together lose the same filters: those of the least mean importance,
    each layer's importance divided by its mean. example: images [N, C, H, W], for tracing.
    Raises UserError if convolutions that depend on each other are to keep different numbers.
    """
    pruned = copy.deepcopy(model)
    names = {module: name for name, module in pruned.named_modules()}
    graph = _dependencies(pruned, example)
    for producers in list(_producers(graph, pruned)):
        wanted = {keep[names[module]] for module in producers if names[module] in keep}
        if not wanted:
            continue
        if len(wanted) > 1:
            raise UserError(
                f"{', '.join(names[m] for m in producers)}: their results are added, so they must keep "
                f"equally many filters, got {sorted(wanted)}"
            )
        _remove_from(graph, producers, criterion, wanted.pop())
    return pruned


def coupled_layers(model: nn.Module, example: Tensor) -> tuple[tuple[str, ...], ...]:
    """Names of the convolutions that can only lose the same filters, in groups; most are alone."""
    names = {module: name for name, module in model.named_modules()}
    groups = _producers(_dependencies(model, example), model)
    return tuple(tuple(names[module] for module in group) for group in groups)


def least_filters(layers: Sequence[nn.Conv2d], criterion: Criterion, keep: int) -> list[int]:
    """Which filters coupled layers give up so that `keep` are left: those of the least mean importance."""
    scores = torch.stack([_relative(criterion(layer.weight)) for layer in layers]).mean(dim=0)
    excess = max(len(scores) - keep, 0)
    return sorted(torch.argsort(scores, stable=True)[:excess].tolist())


def _producers(graph: Any, model: nn.Module) -> Iterator[list[nn.Conv2d]]:
    """The convolutions of each group."""
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    for group in graph.get_all_groups(ignored_layers=linear, root_module_types=[nn.Conv2d]):
        yield list(dict.fromkeys(module for module in map(_producer, group) if module is not None))


def _dependencies(model: nn.Module, example: Tensor) -> Any:
    logging.getLogger("torch_pruning").setLevel(logging.ERROR)
    training = model.training
    graph = tp.DependencyGraph().build_dependency(model.eval(), example[:1], verbose=False)
    model.train(training)
    return graph


def _producer(item: Any) -> nn.Conv2d | None:
    """The convolution whose filters this member of a group removes, if that is what it does."""
    layer = item.dep.target.module
    removes_filters = item.dep.handler in (tp.prune_conv_out_channels, tp.prune_depthwise_conv_out_channels)
    return layer if removes_filters and isinstance(layer, nn.Conv2d) else None


def _remove_from(graph: Any, producers: list[nn.Conv2d], criterion: Criterion, keep: int) -> None:
    least = least_filters(producers, criterion, keep)
    if least:
        graph.get_pruning_group(producers[0], tp.prune_conv_out_channels, idxs=least).prune()


def _relative(importance: Tensor) -> Tensor:
    return importance / importance.mean().clamp_min(torch.finfo(importance.dtype).tiny)
