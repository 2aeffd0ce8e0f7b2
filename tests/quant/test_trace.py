"""What a traced network is: in evaluation mode, with layers as they were written, no more than is needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import weight_norm

from twofold.errors import UserError
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int
from twofold.quant.trace import check_sized, check_takes, trace

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


class Dropping(Net):
    def vectors(self, maps: Tensor) -> Tensor:
        return super().vectors(F.dropout2d(maps, 0.2))


class Waiting(Net):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.LazyLinear(3)


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


class Called(Net):
    def __init__(self, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.call = call

    def vectors(self, maps: Tensor) -> Tensor:
        return self.call(maps)


@pytest.mark.parametrize(
    "call",
    [
        lambda maps: maps.mean(axis=(2, 3)),
        lambda maps: maps.mean((2, 3), keepdims=True).flatten(1),
        lambda maps: torch.mean(maps, axis=(-2, -1), keepdims=True).contiguous().view(-1, 4),
        lambda maps: maps.clone().mean((2, 3)),
    ],
)
def test_calls_in_the_words_of_numpy(call: Callable[[Tensor], Tensor]) -> None:
    model = Called(call).eval()
    with torch.no_grad():
        expected, found = model(IMAGES), quantise(model, Int(8), IMAGES)(IMAGES)
    assert found.shape == (8, 3)
    assert float((expected - found).abs().max()) < 0.1 * float(expected.abs().max())


def test_channels_are_joined_along_an_axis() -> None:
    model = Called(lambda maps: torch.cat((maps, maps), axis=1).mean((2, 3)))
    model.fc = nn.Linear(8, 3)
    assert quantise(model, Int(8), IMAGES)(IMAGES).shape == (8, 3)


def test_dropout_that_is_never_off_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"node dropout2d .*: it drops in evaluation mode, too; write training="
    ):
        quantise(Dropping(), Int(8), IMAGES)


@pytest.mark.parametrize("refuse", [check_sized, trace, lambda model: check_takes(model, IMAGES)])
def test_layers_without_a_size_are_refused_until_they_have_one(refuse: Callable[[nn.Module], object]) -> None:
    model = Waiting()
    with pytest.raises(UserError, match=r"fc \(LazyLinear\): expected sizes in numbers"):
        refuse(model)
    model(IMAGES)
    refuse(model)


def test_a_model_that_cannot_be_copied_is_refused() -> None:
    model = Net()
    weight_norm(model.conv)(IMAGES)
    with pytest.raises(
        UserError, match=r"Net: expected a model that can be copied, got RuntimeError: Only Tensors"
    ):
        check_takes(model, IMAGES)
