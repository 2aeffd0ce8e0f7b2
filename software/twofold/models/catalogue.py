"""Networks by name."""

from __future__ import annotations

import torch
from torch import nn

from twofold.errors import UserError
from twofold.models import resnet50
from twofold.models.demo import DemoNet
from twofold.models.own import is_own, own_network
from twofold.models.resnet import WIDTHS, WIDTHS_18, ResNet, Widths
from twofold.models.small_cnn import SmallCnn
from twofold.models.vgg import Vgg16

NAMES = (
    "demo", "resnet8", "resnet20", "resnet32", "resnet56", "resnet110", "vgg16", "small_cnn", "resnet18",
    "resnet50",
)  # fmt: skip
_PUBLISHED = {"resnet18": WIDTHS_18, "resnet50": resnet50.WIDTHS}


def drawn(
    name: str, classes: int, channels: int, seed: int, widths: Widths | None = None, size: int = 32
) -> nn.Module:
    """`network_named`, or the user's own (`twofold.models.own`), with weights that are equal for equal seeds.

    The global generator is left alone.
    """
    if is_own(name):
        return own_network(name, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return network_named(name, classes, channels, widths, size)


def network_named(
    name: str, classes: int = 10, channels: int = 3, widths: Widths | None = None, size: int = 32
) -> nn.Module:
    """A float network with random weights from PyTorch's global generator.

    classes: logits; channels: of the images; widths: of a ResNet's stacks, the published ones if None; size:
    height and width of the images, on which the small CNN's fully connected layer depends and no other.
    Raises UserError for a name that is not in NAMES, for widths of other networks and for too few of them.
    """
    match name:
        case _ if name.startswith("resnet") and name in NAMES:
            return _resnet(name, classes, channels, _widths(name, widths))
        case _ if widths is not None:
            raise UserError(f"widths: expected a ResNet, whose stacks have them, got {name!r}")
        case "demo":
            return DemoNet(channels, classes=classes)
        case "small_cnn":
            return SmallCnn(channels, size, classes=classes)
        case "vgg16":
            return Vgg16(channels, classes=classes)
    raise UserError(f"network: expected one of {', '.join(NAMES)} or your own, FILE.py:NAME, got {name!r}")


def _resnet(name: str, classes: int, channels: int, widths: Widths) -> nn.Module:
    if name == "resnet50":
        return resnet50.ResNet50(channels, widths, classes)
    depth = int(name.removeprefix("resnet"))
    return ResNet((depth - 2) // (2 * len(widths)), channels, widths, classes)


def _widths(name: str, widths: Widths | None) -> Widths:
    published = _PUBLISHED.get(name, WIDTHS)
    if widths is not None and len(widths) != len(published):
        raise UserError(f"widths: expected {len(published)}, one for each stack of {name}, got {len(widths)}")
    return published if widths is None else widths
