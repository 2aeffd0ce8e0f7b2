"""However a network is written, its channels are evened out, or left where that would change it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.quant.post_training.fused import equalised, fused

IMAGES = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Written(nn.Module):
    """Three convolutions and a fully connected layer, with what `forward` puts between them."""

    def __init__(self, written: Callable[[Written, Tensor], Tensor], inputs: int = 6) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = nn.Conv2d(3, 6, 1), nn.Conv2d(inputs, 4, 1), nn.Conv2d(4, 6, 1)
        self.relu, self.pool, self.average = nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)
        self.flatten, self.up, self.drop = nn.Flatten(), nn.Upsample(scale_factor=2), nn.Dropout()
        self.fc, self.six, self.written = nn.Linear(6, 3), nn.ReLU6(), written
        with torch.no_grad():
            for layer in (self.a, self.b, self.c):
                layer.weight *= torch.logspace(0, 2, len(layer.weight)).reshape(-1, 1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.written(self, x)


def modules(net: Written, x: Tensor) -> Tensor:
    x = net.relu(net.a(x))
    return net.fc(net.flatten(net.average(net.drop(x + net.relu(net.c(net.pool(net.up(net.b(x)))))))))


def functions(net: Written, x: Tensor) -> Tensor:
    x = F.relu(net.a(x))
    y = F.max_pool2d(F.interpolate(net.b(x), scale_factor=2), 2)
    return net.fc(F.dropout(x.add(torch.relu(net.c(y))), training=net.training).mean((2, 3)))


def methods(net: Written, x: Tensor) -> Tensor:
    x = net.a(x).relu().clone()
    y = net.c(torch.max_pool2d(net.up(net.b(x)), 2)).relu_()
    y += x
    return net.fc(F.adaptive_avg_pool2d(y, 1).view(y.size(0), -1))


@torch.no_grad()
@pytest.mark.parametrize("written", [modules, functions, methods])
def test_each_spelling_is_evened_out_alike(written: Callable[[Written, Tensor], Tensor]) -> None:
    network, reference = Written(written).eval(), Written(modules).eval()
    found, expected = (equalised(fused(net)) for net in (network, reference))
    assert torch.allclose(found(IMAGES), network(IMAGES), rtol=1e-4, atol=1e-4)
    for name in ("a", "b", "c", "fc"):
        before, after = (net.get_parameter(f"{name}.weight") for net in (network, found))
        assert not torch.equal(before, after), name
        assert torch.allclose(after, expected.get_parameter(f"{name}.weight")), name


@torch.no_grad()
@pytest.mark.parametrize("six", [lambda net, x: F.relu6(x), lambda net, x: net.six(x)])
def test_what_clips_is_left(six: Callable[[Written, Tensor], Tensor]) -> None:
    def clipped(net: Written, x: Tensor) -> Tensor:
        return net.fc(six(net, net.c(six(net, net.b(six(net, net.a(x)))))).mean((2, 3)))

    network = Written(clipped).eval()
    found = equalised(fused(network))
    assert torch.equal(found(IMAGES), network(IMAGES))


@torch.no_grad()
def test_what_is_joined_is_evened_out() -> None:
    def joined(net: Written, x: Tensor) -> Tensor:
        return net.fc(F.relu(net.c(F.relu(net.b(torch.concat([F.relu(net.a(x)), x], 1))))).mean((2, 3)))

    network = Written(joined, inputs=9).eval()
    found = equalised(fused(network))
    assert torch.allclose(found(IMAGES), network(IMAGES), rtol=1e-4, atol=1e-4)
    assert torch.equal(found.get_parameter("a.weight"), network.a.weight), "the images have part in it"
    assert not torch.equal(found.get_parameter("c.weight"), network.c.weight)
