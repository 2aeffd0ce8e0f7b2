"""Which layers lose channels together."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import brevitas.nn as qnn
import torch_pruning as tp
from torch import Tensor, nn

from twofold.errors import UserError

_REMOVES_FILTERS = (tp.prune_conv_out_channels, tp.prune_depthwise_conv_out_channels)
_REMOVES_INPUTS = (tp.prune_conv_in_channels, tp.prune_linear_in_channels)


@dataclass(frozen=True)
class ChannelGroup:
    """Layers of one set of channels, by name.

    producers: convolutions that can only lose the same filters, because their results are added; most are
    alone. norms: producer → the batch normalisation right behind it, where there is one. readers:
    convolutions and fully connected layers that these channels go into; joined: those of them that read
    others too, in a concatenation.
    """

    producers: tuple[str, ...]
    norms: Mapping[str, str]
    readers: tuple[str, ...]
    joined: tuple[str, ...] = ()


def dependencies(model: nn.Module, example: Tensor) -> Any:
    """torch-pruning's graph of what depends on what. example: images [N, C, H, W], of which one is run."""
    logging.getLogger("torch_pruning").setLevel(logging.ERROR)
    training = model.training
    with _unquantised_activations(model):
        shown = _OfChannels(model.eval(), example)
        graph = tp.DependencyGraph().build_dependency(shown, example[:1], verbose=False)
    model.train(training)
    return graph


class _OfChannels(nn.Module):
    """`model` behind a layer of its own that gives the images as they are: torch-pruning then knows that they
    have channels, which count in a concatenation and cannot go."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        super().__init__()
        channels = images.shape[1]
        self.image = nn.Conv2d(channels, channels, 1, groups=channels, bias=False, device=images.device)
        nn.init.ones_(self.image.weight)
        self.model = model

    def forward(self, images: Tensor) -> Any:
        return self.model(self.image(images))


@contextmanager
def _unquantised_activations(model: nn.Module) -> Iterator[None]:
    """torch-pruning counts channels along the gradients, and loses its way on the path to a scale."""
    quantisers = [module for module in model.modules() if isinstance(module, qnn.QuantIdentity)]
    hooks = [module.register_forward_hook(lambda _, operands, result: operands[0]) for module in quantisers]
    yield
    for hook in hooks:
        hook.remove()


def groups_of(graph: Any, model: nn.Module) -> Iterator[ChannelGroup]:
    """The groups of all convolutions of `model`, of which `graph` are the dependencies, but for those whose
    channels the network gives, without which it would have fewer classes, or the images have.

    Raises UserError for convolutions of several groups of channels, and for those of unequal width that could
    only lose channels together, because what some of them give is joined and then added to what another
    gives.
    """
    names = {module: name for name, module in model.named_modules()}
    linear = [module for module in names if isinstance(module, nn.Linear)]
    for members in graph.get_all_groups(ignored_layers=linear, root_module_types=[nn.Conv2d]):
        if not any(_is_given(member) or _is_of_images(member, names) for member in members):
            group = _group(list(members), names)
            _check_grouped(group, model)
            _check_widths(group, model)
            yield group


def _is_given(member: Any) -> bool:
    """Whether these channels are those of the network's output, or of what nothing reads."""
    return member.dep.handler not in _REMOVES_INPUTS and not member.dep.target.outputs


def _is_of_images(member: Any, names: Mapping[nn.Module, str]) -> bool:
    """Whether these channels are those of `_OfChannels`'s layer."""
    module = member.dep.target.module
    return isinstance(module, nn.Conv2d) and module not in names


def _check_grouped(group: ChannelGroup, model: nn.Module) -> None:
    for name in (*group.producers, *group.readers):
        layer = model.get_submodule(name)
        if isinstance(layer, nn.Conv2d) and not _is_whole_or_depthwise(layer):
            raise UserError(
                "pruning: expected convolutions of one group, or one filter for each channel, found "
                f"{name} of {layer.groups} groups, {layer.in_channels} inputs, {layer.out_channels} outputs, "
                "whose groups would lose unlike numbers; choose a recipe that does not prune"
            )


def _is_whole_or_depthwise(layer: nn.Conv2d) -> bool:
    return layer.groups == 1 or layer.groups == layer.in_channels == layer.out_channels


def _check_widths(group: ChannelGroup, model: nn.Module) -> None:
    found = {name: model.get_submodule(name).out_channels for name in group.producers}
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} {width}" for name, width in found.items())
        raise UserError(
            "pruning: expected convolutions of equal width, because their filters go together, found "
            f"{told}; one of them is added to, or filters channel by channel, a concatenation: leave that "
            "out, or choose a recipe that does not prune"
        )


def check_unjoined(groups: Iterable[ChannelGroup], what: str) -> None:
    """Raises UserError, naming a layer, if one reads a concatenation: `what` cannot tell its inputs apart."""
    for group in groups:
        if group.joined:
            raise UserError(
                f"{what}: expected layers that read the channels of one tensor, found {group.joined[0]}, "
                f"which reads those of {', '.join(group.producers)} joined with others; choose another "
                "criterion, or ratios in a recipe"
            )


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
        _named([member for member in members if _reads_others(member)], names, _REMOVES_INPUTS),
    )


def _reads_others(member: Any) -> bool:
    """Whether a layer has inputs that are not this group's."""
    layer = member.dep.target.module
    inputs = layer.in_features if isinstance(layer, nn.Linear) else getattr(layer, "in_channels", 0)
    return len(member.idxs) < int(inputs)


def _named(members: list[Any], names: Mapping[nn.Module, str], handlers: tuple[Any, ...]) -> tuple[str, ...]:
    """Layers that one of `handlers` takes channels from, each once."""
    found = (member.dep.target.module for member in members if member.dep.handler in handlers)
    return tuple(dict.fromkeys(names[layer] for layer in found if isinstance(layer, nn.Conv2d | nn.Linear)))
