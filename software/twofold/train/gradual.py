"""Widths that come down step by step: weights first, then feature maps."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from twofold.data.dataset import Images
from twofold.errors import UserError
from twofold.quant.convert import quantise
from twofold.quant.layer_plan import layer_widths
from twofold.quant.layers import BatchNorm
from twofold.quant.recipe import EDGE_BITS, FLOAT, ByLayer, Recipe
from twofold.quant.trace import quantised_names


@dataclass(frozen=True)
class Gradual:
    """Two-stage quantisation, a training after each step, before the widths of [quantisation] themselves.

    weights: widths that all weights come down through, feature maps at 8 bits; activations: widths that
    feature maps then come down through, weights where they are to be. A layer that is to stay wider than a
    step stays wider. Raises UserError for widths out of range or not in falling order.
    """

    weights: tuple[int, ...] = (8, 6)
    activations: tuple[int, ...] = (6,)

    def __post_init__(self) -> None:
        for name, widths in (("weights", self.weights), ("activations", self.activations)):
            falling = all(2 <= width <= EDGE_BITS for width in widths)
            if not falling or list(widths) != sorted(set(widths), reverse=True):
                raise UserError(f"gradual {name}: expected falling widths of 8 to 2 bits, got {list(widths)}")

    def steps(self) -> tuple[tuple[int, int], ...]:
        """The least (weight, activation) bits of each step; 0: as [quantisation] says."""
        weights = [(width, EDGE_BITS) for width in (*self.weights, 0)]
        return (*weights, *((0, width) for width in self.activations), (0, 0))


class Descent:
    """The steps of one run: each takes the trained weights of the one before to narrower widths."""

    def __init__(self, recipe: Recipe, gradual: Gradual) -> None:
        self.recipe, self.gradual = recipe, gradual
        self._float: nn.Module | None = None

    def transforms(self) -> Iterator[_Step]:
        for floors in self.gradual.steps():
            yield _Step(self, floors)

    def step(self, model: nn.Module, examples: Images, floors: tuple[int, int]) -> nn.Module:
        """The first step gets the float network, the others what came of the step before."""
        if self._float is None:
            self._float = copy.deepcopy(model)
        else:
            _take_weights(self._float, model)
        recipe = at_least(self.recipe, self._float, *floors)
        return quantise(self._float, recipe, examples.real)


@dataclass(frozen=True)
class _Step:
    descent: Descent
    floors: tuple[int, int]

    def __call__(self, model: nn.Module, examples: Images) -> nn.Module:
        return self.descent.step(model, examples, self.floors)


def at_least(recipe: Recipe, model: nn.Module, weights: int, activations: int) -> Recipe:
    """`recipe` for `model`, no weights narrower than `weights` bits, no ReLU's results than `activations`."""
    layers = layer_widths(model, recipe)
    widths = {**_raised(layers.weights, weights), **_raised(layers.results, activations)}
    return replace(recipe, layers=ByLayer(tuple(widths.items())))


def _raised(widths: Mapping[str, int | None], least: int) -> dict[str, int | str]:
    return {name: FLOAT if width is None else max(width, least) for name, width in widths.items()}


@torch.no_grad()
def _take_weights(model: nn.Module, quantised: nn.Module) -> None:
    """Weights, biases and statistics of a network made of `model` by `quantise`, in place."""
    for name, other in quantised_names(model).items():
        module = model.get_submodule(name)
        if isinstance(module, nn.Conv2d | nn.Linear | BatchNorm):
            trained = quantised.get_submodule(other).state_dict()
            module.load_state_dict({key: trained[key] for key in module.state_dict()})
