"""What is read after it was written over is quantised as it was read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int
from twofold.quant.trace import trace

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def added(maps: Tensor, other: Tensor) -> Tensor:
    maps += other
    return other


class Net(nn.Module):
    """write: called with the maps of two convolutions, one of which is read again."""

    def __init__(self, write: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second, self.third = nn.Conv2d(1, 4, 3), nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 1)
        self.relu, self.last, self.write = nn.ReLU(inplace=True), nn.Linear(4, 3), write

    def forward(self, x: Tensor) -> Tensor:
        maps = self.first(x)
        written = self.write(maps, self.second(x))
        return self.last((self.third(written) + maps).mean((2, 3)))


class ByModule(Net):
    def __init__(self) -> None:
        super().__init__(lambda maps, _: self.relu(maps))


WRITERS: dict[str, Callable[[], nn.Module]] = {
    "module": ByModule,
    "function": lambda: Net(lambda maps, _: F.relu(maps, inplace=True)),
    "function, by place": lambda: Net(lambda maps, _: F.relu(maps, True)),
    "relu_": lambda: Net(lambda maps, _: torch.relu_(maps)),
    "method": lambda: Net(lambda maps, _: maps.relu_()),
    "its result is not read": lambda: Net(lambda maps, other: (maps.relu_(), other)[1]),
    "add_": lambda: Net(lambda maps, other: maps.add_(other)),
}


@pytest.mark.parametrize("build", WRITERS.values(), ids=WRITERS)
def test_it_computes_as_the_float_network(build: Callable[[], nn.Module]) -> None:
    model = build().eval()
    with torch.no_grad():
        expected, found = model(IMAGES), quantise(model, Int(8), IMAGES)(IMAGES)
    assert float((expected - found).abs().max()) < 0.1 * float(expected.std())


def test_a_sum_under_two_names_is_refused() -> None:
    with pytest.raises(UserError, match=r"Net: .* write x = x \+ y in place of x \+= y"):
        quantise(Net(added), Int(8), IMAGES)


def test_without_writing_readers_stay() -> None:
    model = Net(lambda maps, _: F.relu(maps, inplace=False)).eval()
    (add,) = (node for node in trace(model).graph.nodes if node.name == "add")
    assert [node.name for node in add.all_input_nodes] == ["third", "first"]
