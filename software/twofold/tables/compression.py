"""Size and bit operations of pruned and quantised networks, counted on their real layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from twofold.metrics import bops_ratio, layer_costs, megabytes, size_ratio, with_bits
from twofold.models.catalogue import drawn
from twofold.progress import SILENT, Progress
from twofold.prune.criteria.geometric_median import GeometricMedian
from twofold.prune.remove import kept_filters, remove_filters, widths

#: Share of each layer's filters that is removed.
RATIO = 0.3
#: Width of weights and of activations in all but the first and the last layer, which have 8 bits.
BITS = 4
#: Names in the catalogue and in print.
NETWORKS: Mapping[str, str] = {
    "resnet20": "ResNet-20",
    "resnet32": "ResNet-32",
    "resnet56": "ResNet-56",
    "resnet110": "ResNet-110",
    "vgg16": "VGG-16",
}
_IMAGE = (3, 32, 32)


@dataclass(frozen=True)
class Compression:
    """size_mb: of the unpruned float32 weights, in 10^6 bytes.

    size_ratio, bops_ratio: the float32 network's bits and bit operations over the compressed one's.
    """

    size_mb: float
    size_ratio: float
    bops_ratio: float

    def as_json(self) -> dict[str, float]:
        """To the two digits in which such tables are printed."""
        return {
            "size_mb": round(self.size_mb, 2),
            "size_ratio": round(self.size_ratio, 2),
            "bops_ratio": round(self.bops_ratio, 2),
        }


def compressions(progress: Progress = SILENT) -> Mapping[str, Compression]:
    """Name in print → compression, of every network in NETWORKS."""
    rows = {}
    with progress.task("prune and count", total=len(NETWORKS)) as advance:
        for name, printed in NETWORKS.items():
            rows[printed] = compression(drawn(name, classes=10, channels=_IMAGE[0], seed=0))
            advance(1, printed)
    return rows


def compression(network: nn.Module) -> Compression:
    """Removes RATIO of the filters by geometric median and counts layers of BITS; images [N, 3, 32, 32].

    Only weights are counted. Fully connected layers before the last one count with the inputs that
    they had before pruning ("Integrating Pruning with Quantization for Efficient DNN Compression").
    """
    example = torch.zeros(1, *_IMAGE)
    keep = {layer: kept_filters(width, RATIO) for layer, width in widths(network).items()}
    pruned = remove_filters(network, example, GeometricMedian(), keep)
    baseline = layer_costs(network, example)
    hidden = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)][:-1]
    counted = [
        whole if whole.name in hidden else rest
        for whole, rest in zip(baseline, layer_costs(pruned, example), strict=True)
    ]
    compressed = with_bits(counted, BITS, BITS)
    return Compression(
        megabytes(baseline), size_ratio(baseline, compressed), bops_ratio(baseline, compressed)
    )
