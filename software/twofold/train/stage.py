"""A step from a float network to a compressed one: change the model, then train it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from twofold.data.dataset import Images
from twofold.train.companion import NO_COMPANION, Companion
from twofold.train.settings import Fit

#: (network, labelled training images) → the changed network.
Transform = Callable[[nn.Module, Images], nn.Module]
#: (changed network, labelled training images) → what goes along with its training.
Prepare = Callable[[nn.Module, Images], Companion]

FLOAT, MASKED, PRUNED, QUANTISED, FOLDED = "float", "masked", "pruned", "quantised", "folded"


def unchanged(model: nn.Module, examples: Images) -> nn.Module:
    return model


def nobody(model: nn.Module, examples: Images) -> Companion:
    return NO_COMPANION


@dataclass(frozen=True)
class Stage:
    """`transform(model, examples)` changes the model, always in the same way; `settings` train it.

    settings: None if nothing is trained.
    """

    name: str
    transform: Transform
    settings: Fit | None
    prepare: Prepare = nobody
