"""What a traced network is: in evaluation mode, with layers as they were written, no more than is needed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int
from twofold.quant.trace import trace

IMAGES = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """A small network; those that follow differ in what happens to its maps, [N, 4, 8, 8]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.vectors(F.relu(self.conv(x))))

    def vectors(self, maps: Tensor) -> Tensor:
        return maps.mean((2, 3))


class Noisy(Net):
    def vectors(self, maps: Tensor) -> Tensor:
        if self.training:
            maps = maps + torch.randn_like(maps)
        return super().vectors(maps)


class ProbabilitiesInUse(Net):
    def forward(self, x: Tensor) -> Tensor:
        logits = super().forward(x)
        return logits if self.training else logits.softmax(1)


class WithUnread(Net):
    def vectors(self, maps: Tensor) -> Tensor:
        self.conv(maps[:, :1]).sigmoid()
        return super().vectors(maps)


class OfOneSize(nn.Conv2d):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)


class Functional(OfOneSize):
    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(input, self.weight, self.bias, padding=1)


class OfOwnLayers(Net):
    def __init__(self, layer: type[nn.Conv2d] = OfOneSize) -> None:
        super().__init__()
        self.conv = layer(1, 4)


def names(model: nn.Module) -> list[str]:
    return [node.name for node in trace(model).graph.nodes]


@pytest.mark.parametrize("training", [True, False])
def test_what_training_alone_does_is_left_out(training: bool) -> None:
    network = Noisy().train(training)
    network.conv.eval()
    assert names(network) == names(Net())
    assert network.training is training and not network.conv.training, "the model stays as it was"


def test_what_is_done_in_use_alone_is_refused_while_training() -> None:
    with pytest.raises(UserError, match="softmax cannot be quantised; leave it out and return the logits"):
        quantise(ProbabilitiesInUse().train(), Int(8), IMAGES)


def test_what_leads_to_no_result_is_left_out() -> None:
    assert names(WithUnread()) == names(Net())


def test_layers_of_own_classes_are_layers() -> None:
    assert names(OfOwnLayers()) == names(Net())
    with pytest.raises(UserError, match="conv2d cannot be quantised; make it a module of the network"):
        quantise(OfOwnLayers(Functional), Int(8), IMAGES)
