"""What is concatenated is quantised by one quantiser: which one, and what its scale starts from."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.qonnx.freeze import freeze
from twofold.quant.apot import ApotActivationProxy
from twofold.quant.codes import activation_codes
from twofold.quant.convert import quantise
from twofold.quant.integer import activation_quantiser, int_activation
from twofold.quant.post_training.quantise import quantise_trained
from twofold.quant.post_training.settings import Calibration, PostTraining
from twofold.quant.recipe import Apot, ByLayer, Int, Recipe, Scales

IMAGES = torch.rand(32, 2, 8, 8, generator=torch.Generator().manual_seed(0))


class Fire(nn.Module):
    """Two rectified branches joined, the second with ten times the range; then sums and images joined."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(2, 4, 1), nn.Conv2d(2, 3, 3, padding=1)
        self.middle, self.last = nn.Conv2d(7, 4, 3, padding=1), nn.Linear(6 * 16, 5)
        with torch.no_grad():
            self.right.weight.mul_(10)

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([self.left(x).relu(), self.right(x).relu()], dim=1)
        pooled = nn.functional.max_pool2d(self.middle(both), 2)
        return self.last(torch.cat((pooled, nn.functional.max_pool2d(x, 2)), -3).flatten(1))


def fire() -> Fire:
    torch.manual_seed(0)
    return Fire().eval()


FREE = Apot(4, 4, scales=Scales.FREE)


@pytest.mark.parametrize("recipe", [Int(8), Int(4), Apot(4, 4), FREE], ids=str)
def test_joined_values_share_scale_width_and_sign(recipe: Recipe) -> None:
    model = quantise(fire(), recipe, IMAGES)
    assert model.relu.act_quant is model.relu_1.act_quant
    assert model.middle_quant.act_quant is model.input_quant.act_quant
    assert model.relu.act_quant is not model.input_quant.act_quant
    assert isinstance(model.relu.act_quant, ApotActivationProxy) == isinstance(recipe, Apot)
    assert activation_codes(model.input_quant).lo == -128, "sums are signed, and the last layer reads 8 bits"
    names = {name for name, _ in model.named_parameters()}
    assert len([name for name in names if name.startswith(("relu", "middle_quant", "input_quant"))]) == 2


def test_the_widest_of_joined_relus_counts() -> None:
    model = quantise(fire(), Int(4, layers=ByLayer((("relu_1", 6),))), IMAGES)
    assert [activation_codes(q).hi for q in (model.relu, model.relu_1)] == [63, 63]


@pytest.mark.parametrize("recipe", [Int(8), Int(4), Apot(4, 4)], ids=str)
def test_the_scale_starts_from_the_values_of_all(recipe: Recipe) -> None:
    network = fire()
    codes = activation_codes(quantise(network, recipe, IMAGES).relu)
    greatest = float(network.right(IMAGES).detach().max())
    assert 0.25 < codes.hi * codes.scale / greatest < 2.01, "the first branch alone has a tenth of that"


@pytest.mark.parametrize("settings", [PostTraining(), PostTraining(Calibration.MSE, zero_point=True)])
def test_after_training_too(settings: PostTraining) -> None:
    network = fire()
    model = quantise_trained(network, Int(8), settings, IMAGES)
    codes = activation_codes(model.relu)
    assert codes == activation_codes(model.relu_1)
    assert 0.25 < codes.hi * codes.scale / float(network.right(IMAGES).detach().max()) < 2.01
    shifted = activation_codes(model.input_quant)
    assert shifted == activation_codes(model.middle_quant)
    assert (shifted.zero_point > 0) == settings.zero_point
    frozen = freeze(model, IMAGES)
    assert frozen.zero_points.get("cat_1", 0) == shifted.zero_point
    with torch.no_grad():
        expected, found = network(IMAGES), model(IMAGES)
    assert float((expected - found).abs().max()) < 0.1 * float(expected.abs().max())


def test_quantisers_that_no_longer_agree_are_refused() -> None:
    model = quantise(fire(), Int(8), IMAGES)
    alone = activation_quantiser(int_activation(8, signed=False))
    model.set_submodule("relu_1", alone)
    for _ in range(3):
        model.train()(IMAGES / 16)
    with pytest.raises(UserError, match=r"node cat: expected one scale of all that is joined, got .*shared"):
        freeze(model.eval(), IMAGES)


class Joins(nn.Module):
    def __init__(self, axis: int) -> None:
        super().__init__()
        self.conv, self.axis = nn.Conv2d(2, 4, 1), axis

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.conv(x).relu(), x], self.axis)


class JoinsParts(Joins):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(self.conv(x).split(2, 1), 1)


@pytest.mark.parametrize(
    "model, message",
    [
        (Joins(2), "node cat .*expected channels to be joined, dim = 1, got dim = 2"),
        (Joins(-1), "dim = 1, got dim = -1"),
        (JoinsParts(1), "node split .*cannot be quantised"),
    ],
)
def test_other_joins_are_refused(model: nn.Module, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantise(model, Int(8), IMAGES)
