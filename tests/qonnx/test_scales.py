"""Scales of each channel and scales that are no power of two: exact in every executor, and every width."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.golden.codes import quantise as to_codes
from twofold.golden.compare import Check, Status, compare
from twofold.golden.execute import execute
from twofold.network.ops import Conv2d, Requantise
from twofold.qonnx.executor import run_executor
from twofold.qonnx.export import export
from twofold.qonnx.freeze import FrozenModel, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.dyadic import dyadic
from twofold.quant.layers import ChannelScale
from twofold.quant.recipe import Apot, ApotWeights, Granularity, Int, Recipe, Scales

IMAGES = torch.rand(24, 2, 6, 6, generator=torch.Generator().manual_seed(0))
TENSOR, CHANNEL = Granularity
POWER_OF_TWO, FREE = Scales
COMBINATIONS = [Int(4, *choice) for choice in product(Granularity, Scales)]


class Residual(nn.Module):
    """Every place of a scale: with and without normalisation, in a residual block, between linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5)
        self.conv2, self.bn2 = nn.Conv2d(5, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv4, self.bn4 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.hidden1, self.hidden2, self.fc = nn.Linear(4, 6), nn.Linear(6, 6, bias=False), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.relu(self.bn4(self.conv4(F.relu(self.conv3(x)))) + x)
        x = F.relu(self.hidden1(x.mean((2, 3))))
        return self.fc(F.relu(self.hidden2(x)))


def network() -> nn.Module:
    """Channels of very different size, negative gains, a channel without weights."""
    torch.manual_seed(5)
    model = Residual()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(-2, 2)
                module.bias.uniform_(-0.2, 0.6)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.mul_(torch.rand(len(module.weight), *[1] * (module.weight.dim() - 1)) * 4 + 0.4)
                if module.bias is not None:
                    module.bias.mul_(0.1)
        model.conv3.weight[1] = 0
        model.bn2.weight[2] = 0
    return model.eval()


@cache
def frozen(recipe: Recipe) -> FrozenModel:
    """Of `network()`; not to be changed."""
    return freeze(quantise(network(), recipe, IMAGES), IMAGES)


def agreement(model: FrozenModel, path: Path) -> tuple[Check, Check]:
    """The frozen Brevitas modules and the executor, each against the golden model, on every tensor."""
    export(model, IMAGES, path)
    net = import_model(path)
    codes = to_codes(IMAGES.numpy(), net.input.type)
    golden, required = ("golden", execute(net, codes)), tuple(model.scales)
    return (
        compare("tiny", golden, ("brevitas", run_frozen(model, IMAGES)), required),
        compare("tiny", golden, ("qonnx", run_executor(path, net, codes)), required),
    )


def relative_error(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize(
    "recipe",
    [*COMBINATIONS[:3], Apot(4, 4, FREE), ApotWeights(3, 5, FREE)],
    ids=str,
)
def test_every_executor_gives_the_same_integers(recipe: Recipe, tmp_path: Path) -> None:
    for check in agreement(frozen(recipe), tmp_path / "model.onnx"):
        assert check.status is Status.PASS, check.detail


@pytest.mark.parametrize("bits", range(2, 9))
def test_every_width_is_exact(bits: int, tmp_path: Path) -> None:
    model = frozen(Int(bits, CHANNEL, FREE))
    assert int(model.module.conv2.quant_weight().bit_width) == bits
    assert int(model.module.relu_2.act_quant.bit_width()) == bits
    for check in agreement(model, tmp_path / "model.onnx"):
        assert check.status is Status.PASS, check.detail


@pytest.mark.parametrize("recipe", [Int(8, *choice) for choice in product(Granularity, Scales)], ids=str)
def test_freezing_keeps_the_function(recipe: Recipe) -> None:
    model = network()
    quantised = quantise(model, recipe, IMAGES).eval()
    with torch.no_grad():
        expected = quantised(IMAGES)
        assert relative_error(freeze(quantised, IMAGES).module(IMAGES), expected) < 0.03
        assert relative_error(expected, model(IMAGES)) < 0.05


def test_finer_scales_are_nearer_to_the_float_network() -> None:
    model = network()
    with torch.no_grad():
        expected = model(IMAGES)
        errors = {recipe: relative_error(frozen(recipe).module(IMAGES), expected) for recipe in COMBINATIONS}
    assert errors[Int(4, CHANNEL, FREE)] < errors[Int(4, TENSOR, POWER_OF_TWO)] / 4, errors


def multipliers(model: FrozenModel) -> dict[str, list[float]]:
    return {
        name: dyadic(module.scale.detach().double().flatten())[0].tolist()
        for name, module in model.module.named_modules()
        if isinstance(module, ChannelScale)
    }


LAYERS = {"conv1_scale", "conv2_scale", "conv3_scale", "conv4_scale", "hidden1_scale", "hidden2_scale"}


@pytest.mark.parametrize("recipe", COMBINATIONS[1:], ids=str)
def test_multipliers_are_what_the_recipe_says(recipe: Int) -> None:
    found = multipliers(frozen(recipe))
    assert set(found) == LAYERS, "the last layer's accumulators are the logits"
    for mantissas in found.values():
        assert max(mantissas) < 1 << 16
        assert (max(mantissas) > 1) == (recipe.scales is FREE)
        assert recipe.weight_granularity is CHANNEL or len(set(mantissas)) == 1


def test_one_power_of_two_a_tensor_needs_no_multiplier() -> None:
    assert multipliers(frozen(Int(4))) == {}


def test_free_activations_are_those_between_layers() -> None:
    quantised = quantise(network(), Int(4, TENSOR, FREE), IMAGES)
    scales = {
        name: float(module.act_quant.scale().detach())
        for name, module in quantised.named_children()
        if hasattr(module, "act_quant")
    }
    free = {name for name, scale in scales.items() if np.frexp(scale)[0] != 0.5}
    assert free == {"relu", "relu_2", "relu_4"}, "relu_1 and relu_3 are added or averaged, relu_5 is the last"
    assert all(np.frexp(scale)[0] == 0.5 for scale in frozen(Int(4, TENSOR, FREE)).scales.values())


def test_the_engine_sees_multipliers_and_power_of_two_types(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export(frozen(Int(4, CHANNEL, FREE)), IMAGES, path)
    net = import_model(path)
    conv2 = next(op for op in net.ops if isinstance(op, Conv2d) and op.name == "conv2")
    (requantise,) = (op for op in net.ops if conv2.output in op.inputs)
    assert isinstance(requantise, Requantise)
    assert len(set(requantise.multiplier.tolist())) > 1


@pytest.mark.parametrize("module, change", [("conv2_scale", 2.0), ("hidden1_scale", 0.5)])
def test_a_changed_multiplier_is_noticed(module: str, change: float, tmp_path: Path) -> None:
    model = deepcopy(frozen(Int(4, CHANNEL, FREE)))
    expected = run_frozen(model, IMAGES)
    with torch.no_grad():
        model.module.get_submodule(module).scale[0, 0] *= change
    found = run_frozen(model, IMAGES)
    assert any(not np.array_equal(expected[name], found[name]) for name in expected)
    same, _ = agreement(model, tmp_path / "model.onnx")
    assert same.status is Status.PASS, "the file holds the changed multiplier"
    check = compare("mutation", ("before", expected), ("after", found), tuple(model.scales))
    assert check.status is Status.FAIL
