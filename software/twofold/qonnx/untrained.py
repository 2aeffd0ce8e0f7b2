"""Networks by name with random weights, quantised as trained ones are: subjects for benches of hardware."""

from __future__ import annotations

from pathlib import Path

import torch

from twofold.models.catalogue import drawn
from twofold.models.resnet import Widths
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.quant.convert import quantise
from twofold.quant.recipe import Recipe

_EXAMPLES = 64


def export_untrained(
    name: str,
    recipe: Recipe,
    path: Path,
    shape: tuple[int, int, int] = (3, 32, 32),
    seed: int = 0,
    widths: Widths | None = None,
) -> None:
    """Draws the weights of a network of `twofold.models.catalogue`, quantises, freezes and writes `path`.

    Scales are calibrated on images of noise in [0, 1], so that codes are of trained networks'
    kind, and answers are not. Equal seeds give equal files. widths: of a ResNet's stacks, the published
    ones if None. Raises UserError
    for an unknown name.
    """
    network = drawn(name, classes=10, channels=shape[0], seed=seed, widths=widths, size=shape[1]).eval()
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(_EXAMPLES, *shape, generator=generator)
    export(freeze(quantise(network, recipe, images).eval(), images), images, path)
