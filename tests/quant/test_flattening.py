"""However people write that a map becomes a vector, it is one flattening."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int
from twofold.quant.trace import trace

IMAGES = torch.rand(4, 2, 4, 4, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """A pooled map of `channels` channels, one pixel where `whole`, made a vector by `flatten`."""

    def __init__(self, flatten: Callable[[Tensor], Tensor], inputs: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv, self.pool, self.fc = nn.Conv2d(2, 3, 3, padding=1), pool, nn.Linear(inputs, 5)
        self.flatten = flatten

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.flatten(self.pool(self.conv(x))))


def unpacked(x: Tensor) -> Tensor:
    n, _, _, _ = x.shape
    return x.reshape(n, -1)


MAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "size(0)": lambda x: x.view(x.size(0), -1),
    "size()[0]": lambda x: x.view(x.size()[0], -1),
    "size(dim=0)": lambda x: x.reshape((x.size(dim=0), 12)),
    "shape": lambda x: torch.reshape(x, (x.shape[0], -1)),
    "keyword": lambda x: torch.reshape(x, shape=(-1, 12)),
    "numbers": lambda x: x.view(-1, 12),
    "unpacked": unpacked,
}
PIXELS: dict[str, Callable[[Tensor], Tensor]] = {
    "squeeze": lambda x: x.squeeze(-1).squeeze(-1),
    "squeeze of both": lambda x: torch.squeeze(x, dim=(2, 3)),
    "squeeze from the front": lambda x: x.squeeze(dim=2).squeeze(2),
}


@pytest.mark.parametrize("flatten", [pytest.param(way, id=name) for name, way in MAPS.items()])
def test_reshapes_flatten_maps(flatten: Callable[[Tensor], Tensor]) -> None:
    same_as_flatten(flatten, 12, nn.MaxPool2d(2))


@pytest.mark.parametrize("flatten", [pytest.param(way, id=name) for name, way in PIXELS.items()])
def test_squeezes_flatten_single_pixels(flatten: Callable[[Tensor], Tensor]) -> None:
    same_as_flatten(flatten, 3, nn.AdaptiveAvgPool2d(1))


def same_as_flatten(flatten: Callable[[Tensor], Tensor], inputs: int, pool: nn.Module) -> None:
    torch.manual_seed(0)
    net = Net(flatten, inputs, pool).eval()
    usual = Net(lambda x: torch.flatten(x, 1), inputs, pool).eval()
    usual.load_state_dict(net.state_dict())
    traced = trace(net)
    operations = {node.target for node in traced.graph.nodes if node.op == "call_function"}
    assert operations == {torch.flatten}, "and nothing is left that asks for sizes"
    assert torch.equal(traced(IMAGES), net(IMAGES))
    with torch.no_grad():
        assert torch.equal(quantise(net, Int(8), IMAGES)(IMAGES), quantise(usual, Int(8), IMAGES)(IMAGES))


@pytest.mark.parametrize(
    "flatten, message",
    [
        (lambda x: x.view(-1, 6), r"expected \[4, 5\] for 2 images|mat1 and mat2"),
        (lambda x: x.view(-1, 3, 4), r"view cannot be quantised; write torch.flatten\(x, 1\)"),
        (lambda x: x.squeeze(), r"squeeze cannot be quantised; write torch.flatten\(x, 1\)"),
        (lambda x: x.squeeze(1), r"squeeze cannot be quantised"),
        (lambda x: x.view(x.size(1), -1), r"size cannot be quantised"),
        (lambda x: x.reshape(x.shape), "getattr cannot be quantised"),
    ],
)
def test_other_shapes_are_refused(flatten: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantise(Net(flatten, 6, nn.MaxPool2d(2)), Int(8), IMAGES)


class Regrouping(nn.Module):
    """Takes as many values from several images as it finds."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(32, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x.view(-1, 32)).view(-1, 10)


def test_what_mixes_images_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"Regrouping: expected \[2, 5\] for 2 images, .* got \[1, 10\]; write torch.flatten"
    ):
        quantise(Regrouping(), Int(8), IMAGES)
