"""The float network before quantisation: the same function, without normalisation, with like ranges."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from twofold.models.demo import DemoNet
from twofold.quant.post_training.fused import equalised, fused

IMAGES = torch.rand(16, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def used_network() -> DemoNet:
    """With statistics that are not those of a new network."""
    torch.manual_seed(0)
    network = DemoNet(widths=(4, 6)).train()
    for _ in range(4):
        network(3 * torch.rand(32, 1, 8, 8) - 1)
    return network.eval()


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


@torch.no_grad()
def test_normalisation_goes_into_the_convolutions() -> None:
    network = used_network()
    expected, graph = network(IMAGES), fused(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for _, module in graph.named_children())
    assert relative(graph(IMAGES), expected) < 1e-5
    assert torch.equal(network(IMAGES), expected), "the network itself is not changed"


@torch.no_grad()
def test_equalisation_keeps_the_function_and_brings_ranges_together() -> None:
    network = used_network()
    network.bn2.weight[0] *= 50
    expected, graph = network(IMAGES), fused(network)
    before = spread(graph)
    graph = equalised(graph)
    assert relative(graph(IMAGES), expected) < 1e-4
    assert spread(graph) < 0.5 * before


def spread(graph: nn.Module) -> float:
    """Of the filters' ranges of a convolution that one other reads."""
    ranges = graph.get_submodule("conv2").weight.abs().amax((1, 2, 3))  # type: ignore[operator, union-attr]
    return float(ranges.max() / ranges.min())
