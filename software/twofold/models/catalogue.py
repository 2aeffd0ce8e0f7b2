"""Networks by name."""

from __future__ import annotations

import torch
from torch import nn

from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.models.resnet import WIDTHS, ResNet, Widths
from twofold.models.vgg import Vgg16

NAMES = ("demo", "resnet8", "resnet20", "resnet32", "resnet56", "resnet110", "vgg16")


def drawn(name: str, classes: int, channels: int, seed: int, widths: Widths = WIDTHS) -> nn.Module:
    """`network_named` with weights that are equal for equal seeds; the global generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return network_named(name, classes, channels, widths)


def network_named(name: str, classes: int = 10, channels: int = 3, widths: Widths = WIDTHS) -> nn.Module:
    """A float network with random weights from PyTorch's global generator.

    classes: logits; channels: of the images; widths: of a ResNet's stacks, the published ones if nothing is
    said. Raises UserError for a name that is not in NAMES, and for other widths of other networks.
    """
    if widths != WIDTHS and not name.startswith("resnet"):
        raise UserError(f"widths: expected a ResNet, whose stacks have them, got {name!r}")
    match name:
        case "demo":
            return DemoNet(channels, classes=classes)
        case "resnet8" | "resnet20" | "resnet32" | "resnet56" | "resnet110":
            return ResNet(_blocks(int(name.removeprefix("resnet"))), channels, widths, classes)
        case "vgg16":
            return Vgg16(channels, classes=classes)
    raise UserError(f"network: expected one of {', '.join(NAMES)}, got {name!r}")


def _blocks(depth: int) -> int:
    """Blocks a stack of a CIFAR ResNet: two layers a block, three stacks, the stem and the classifier."""
    return (depth - 2) // 6
