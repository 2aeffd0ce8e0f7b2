"""However people write the average of a map with its size, it is one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.any_layout import in_any_layout
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int
from twofold.quant.trace import trace

IMAGES = torch.rand(4, 2, 6, 6, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    def __init__(self, average: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.fc, self.average = nn.Conv2d(2, 3, 3), nn.Linear(3, 5), average

    def forward(self, x: Tensor) -> Tensor:
        out = self.average(torch.relu(self.conv(x)))
        return self.fc(out.view(out.size(0), -1))


def unpacked(x: Tensor) -> Tensor:
    _, _, height, width = x.shape
    return F.avg_pool2d(x, (height, width))


SPELLINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "size()[2:]": lambda x: F.avg_pool2d(x, x.size()[2:]),
    "size()[3]": lambda x: F.avg_pool2d(x, x.size()[3]),
    "size(-1)": lambda x: F.avg_pool2d(x, x.size(-1)),
    "shape[-2:]": lambda x: F.avg_pool2d(x, kernel_size=x.shape[-2:]),
    "two sizes": lambda x: F.avg_pool2d(x, (x.size(2), x.shape[3])),
    "unpacked": unpacked,
}


@pytest.mark.parametrize("average", [pytest.param(way, id=name) for name, way in SPELLINGS.items()])
def test_it_is_a_global_average(average: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    net, usual = Net(average).eval(), Net(lambda x: F.adaptive_avg_pool2d(x, 1)).eval()
    usual.load_state_dict(net.state_dict())
    traced = trace(net)
    assert F.adaptive_avg_pool2d in {node.target for node in traced.graph.nodes}
    torch.testing.assert_close(traced(IMAGES), net(IMAGES))
    with torch.no_grad():
        assert torch.equal(quantise(net, Int(8), IMAGES)(IMAGES), quantise(usual, Int(8), IMAGES)(IMAGES))


def test_it_takes_channels_last() -> None:
    net = Net(SPELLINGS["size()[3]"]).eval()
    turned = IMAGES.to(memory_format=torch.channels_last)
    torch.testing.assert_close(in_any_layout(net, IMAGES)(turned), net(IMAGES))


@pytest.mark.parametrize(
    "average",
    [
        pytest.param(lambda x: F.avg_pool2d(x, x.size(1)), id="channels"),
        pytest.param(lambda x: F.avg_pool2d(x, x.size()[5]), id="beyond"),
        pytest.param(lambda x: F.avg_pool2d(x, x.size(2), 1), id="stride"),
        pytest.param(lambda x: F.avg_pool2d(x, (x.size(2), 1)), id="a column"),
    ],
)
def test_other_sizes_are_refused(average: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(UserError, match=r"sizes in numbers|expected a model that"):
        quantise(Net(average), Int(8), IMAGES)


def test_maps_that_are_not_square_are_refused() -> None:
    with pytest.raises(UserError, match="expected"):
        quantise(Net(SPELLINGS["size()[3]"]), Int(8), IMAGES[:, :, :5])
