"""Which layers lose channels together."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch_pruning as tp
from torch import Tensor, nn

_REMOVES_FILTERS = (tp.prune_conv_out_channels, tp.prune_depthwise_conv_out_channels)
_REMOVES_INPUTS = (tp.prune_conv_in_channels, tp.prune_linear_in_channels)


@dataclass(frozen=True)
class ChannelGroup:
    """Layers of one set of channels, by name.

    producers: convolutions that can only lose the same filters, because their results are added; most are
    alone. norms: producer → the batch normalisation right behind it, where there is one. readers:
    convolutions and fully connected layers that these channels go into.
    """

    producers: tuple[str, ...]
    norms: Mapping[str, str]
    readers: tuple[str, ...]


def dependencies(model: nn.Module, example: Tensor) -> Any:
    """torch-pruning's graph of what depends on what. example: images [N, C, H, W], of which one is run."""
    logging.getLogger("torch_pruning").setLevel(logging.ERROR)
    training = model.training
    graph = tp.DependencyGraph().build_dependency(model.eval(), example[:1], verbose=False)
    model.train(training)
    return graph


def groups_of(graph: Any, model: nn.Module) -> Iterator[ChannelGroup]:
    """The groups of all convolutions of `model`, of which `graph` are the dependencies."""
    names = {module: name for name, module in model.named_modules()}
    linear = [module for module in names if isinstance(module, nn.Linear)]
    for members in graph.get_all_groups(ignored_layers=linear, root_module_types=[nn.Conv2d]):
        yield _group(list(members), names)


def _group(members: list[Any], names: Mapping[nn.Module, str]) -> ChannelGroup:
    norms = {}
    for member in members:
        before = member.dep.target.inputs
        if isinstance(member.dep.target.module, nn.BatchNorm2d) and before:
            norms[names.get(before[0].module, "")] = names[member.dep.target.module]
    producers = _named(members, names, _REMOVES_FILTERS)
    return ChannelGroup(
        producers,
        {name: norms[name] for name in producers if name in norms},
        _named(members, names, _REMOVES_INPUTS),
    )


def _named(members: list[Any], names: Mapping[nn.Module, str], handlers: tuple[Any, ...]) -> tuple[str, ...]:
    """Layers that one of `handlers` takes channels from, each once."""
    found = (member.dep.target.module for member in members if member.dep.handler in handlers)
    return tuple(dict.fromkeys(names[layer] for layer in found if isinstance(layer, nn.Conv2d | nn.Linear)))
