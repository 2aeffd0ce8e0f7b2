"""`quantise` on networks of every supported kind of layer, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.remove import remove_filters
from twofold.quant.apot import ApotActivationProxy
from twofold.quant.codes import activation_codes
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.layers import Dropout
from twofold.quant.recipe import Apot, ApotWeights, Granularity, Int, Recipe, Scales
from twofold.quant.weighted import is_apot, renew_quantisers, weight_quantiser

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def nodes_of(model: nn.Module, recipe: Int | Apot) -> list[str]:
    return [node.name for node in quantise(model, recipe, IMAGES).graph.nodes]


def test_quantisers_are_named_after_the_model() -> None:
    names = nodes_of(DemoNet(widths=(4, 6)), Int(8))
    for expected in (
        "input_quant",
        "conv1_act",
        "conv3_quant",
        "block_act",
        "shortcut_quant",
        "average_quant",
    ):
        assert expected in names


def test_first_and_last_layers_stay_int8() -> None:
    quantised = quantise(DemoNet(widths=(4, 6)), Apot(4, 4), IMAGES)
    apot = {name for name, module in quantised.named_modules() if is_apot(module)}
    assert apot == {"conv2", "conv3", "conv4", "shortcut"}
    assert int(quantised.conv1.quant_weight().bit_width) == 8
    assert int(quantised.average_quant.act_quant.bit_width()) == 8
    assert isinstance(quantised.block_act.act_quant, ApotActivationProxy)
    assert quantised.conv3_quant.act_quant.is_signed
    assert not quantised.input_quant.act_quant.is_signed


@pytest.mark.parametrize("recipe", [Int(8, residual_bits=5), Apot(4, 4, residual_bits=5)])
def test_residual_operands_have_a_width_of_their_own(recipe: Int | Apot) -> None:
    quantised = quantise(DemoNet(widths=(4, 6)), recipe, IMAGES)
    names = ("conv3_quant", "shortcut_quant", "input_quant", "average_quant")
    widths = [int(quantised.get_submodule(name).act_quant.bit_width()) for name in names]
    assert widths == [5, 5, 8, 8]


def test_int8_is_close_to_float_and_leaves_the_model_alone() -> None:
    torch.manual_seed(0)
    model = DemoNet(widths=(4, 6)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        expected = model(IMAGES)
        found = quantise(model, Int(8), IMAGES)(IMAGES)
    assert float((expected - found).abs().max()) < 0.05 * float(expected.abs().max())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("recipe", [Int(8), Int(4), Apot(3, 5), Apot(8, 8)])
def test_trains_further(recipe: Int | Apot) -> None:
    quantised = quantise(DemoNet(widths=(4, 6)), recipe, IMAGES).train()
    quantised(IMAGES).square().sum().backward()
    gradients = [p.grad for p in quantised.parameters() if p.grad is not None]
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)
    assert quantised.conv2.weight.grad.abs().sum() > 0


class Functional(nn.Module):
    """The same layers called as functions and methods, one ReLU used twice, no batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.relu, self.drop = nn.ReLU(), nn.Dropout(0.5)
        self.hidden, self.last = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.relu(self.first(x)), 2)
        x = self.relu(torch.add(self.second(x), x))
        x = self.drop(x.mean([2, 3]))
        return self.last(F.relu(self.hidden(x)))


def test_functions_and_methods_are_layers_too() -> None:
    quantised = quantise(Functional(), Apot(4, 4), IMAGES)
    names = [node.name for node in quantised.graph.nodes]
    assert {"relu", "relu_1", "second_quant", "mean_pool_quant", "relu_2"} <= set(names)
    assert isinstance(quantised.relu_2, qnn.QuantIdentity)
    assert int(quantised.relu_2.act_quant.bit_width()) == 8, "the last layer's input is INT8"
    assert quantised(IMAGES).shape == (32, 3)


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param([nn.Identity()], id="Identity"),
        pytest.param([nn.BatchNorm1d(3)], id="normalised"),
        pytest.param([nn.BatchNorm1d(3), nn.Dropout(0.1)], id="both"),
    ],
)
@pytest.mark.parametrize("recipe", [Int(4), Apot(4, 4)], ids=str)
def test_logits_stay_accumulators_behind_what_is_gone_at_inference(
    behind: list[nn.Module], recipe: Recipe
) -> None:
    quantised = quantise(nn.Sequential(nn.Flatten(), nn.Linear(64, 3), *behind), recipe, IMAGES)
    assert [name for name, module in quantised.named_children() if isinstance(module, qnn.QuantIdentity)] == [
        "input_quant"
    ]


def test_signed_images_get_a_signed_quantiser() -> None:
    quantised = quantise(DemoNet(widths=(4, 6)), Int(8), IMAGES - 0.5)
    assert quantised.input_quant.act_quant.is_signed


def sequence(*layers: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *layers, nn.Flatten(), nn.Linear(1, 3))


@pytest.mark.parametrize(
    "convolution, numbers",
    [
        (nn.Conv2d(4, 4, (3, 5), padding="same"), (1, 2)),
        (nn.Conv2d(4, 4, 3, dilation=2, padding="same"), (2, 2)),
        (nn.Conv2d(4, 4, 2, padding="same", dilation=2), (1, 1)),
        (nn.Conv2d(4, 4, 3, padding="valid"), (0, 0)),
    ],
)
def test_padding_by_name_becomes_numbers(convolution: nn.Conv2d, numbers: tuple[int, int]) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 1), convolution).eval()
    quantised = quantise(model, Int(8), IMAGES)
    assert quantised.get_submodule("_1").padding == numbers
    assert convolution.padding in ("same", "valid"), "the model stays as it was"
    assert quantised(IMAGES).shape == model(IMAGES).shape


def test_clipping_at_6_is_left_to_quantisers_by_folding() -> None:
    images = 16 * IMAGES
    scales = []
    for rectifier in (nn.ReLU(), nn.ReLU6()):
        torch.manual_seed(0)
        convolution = nn.Conv2d(1, 4, 1, bias=False)
        nn.init.ones_(convolution.weight)
        quantised = quantise(nn.Sequential(convolution, rectifier, nn.Conv2d(4, 2, 1)), Int(8), images)
        scales.append(activation_codes(quantised.get_submodule("_1")).scale)
        assert float(quantised.get_submodule("_1_relu")(torch.tensor(9.0))) == float(
            rectifier(torch.tensor(9.0))
        )
        folded = fold_batch_norms(quantised)
        assert [type(module) for module in folded.modules() if isinstance(module, nn.ReLU)] == [nn.ReLU]
    assert scales == [2**-4, 2**-5], "16 and 8 are the greatest values"


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(
            F.dropout(F.dropout2d(self.first(x).relu(), 0.25, self.training), 0.1, self.training)
        )


def test_dropout_keeps_its_kind_and_share_until_folding() -> None:
    quantised = quantise(Dropping(), Int(8), IMAGES)
    found = [(type(module), module.p) for module in quantised.modules() if isinstance(module, Dropout)]
    assert found == [(nn.Dropout2d, 0.25), (nn.Dropout, 0.1)]
    assert not any(isinstance(module, Dropout) for module in fold_batch_norms(quantised).modules())


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class Misspelt(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Reused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv(x))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (nn.Conv2d(inputs, 4, 1) for inputs in (1, 4, 4))
        self.third.weight = self.second.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.third(self.second(self.first(x)))


class AddsConstant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + 1


class AddsParameter(AddsConstant):
    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(4, 6, 6))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + self.shift


class AddsUnequal(AddsConstant):
    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(x)
        return maps + F.adaptive_avg_pool2d(maps, 1)


@pytest.mark.parametrize(
    "build, message",
    [
        (
            sequence(nn.PixelShuffle(2)),
            r"node _1 \(1\): PixelShuffle cannot be quantised; supported are Conv2d",
        ),
        (sequence(nn.Sigmoid()), r"node _1 \(1\): Sigmoid cannot be quantised; between layers write ReLU"),
        (sequence(nn.MaxPool2d(2, ceil_mode=True)), "node _1 .*ceil_mode = False"),
        (sequence(nn.AdaptiveAvgPool2d(2)), "node _1 .*expected an output of 1×1, got 2"),
        (sequence(nn.ReLU(), nn.BatchNorm2d(4)), "node _2 .*right after a Conv2d"),
        (sequence(nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(256)), "node _3 .*right after a Linear"),
        (sequence(nn.BatchNorm2d(4, affine=False)), "node _1 .*affine = True"),
        (
            sequence(nn.Conv2d(4, 4, 3, padding_mode="reflect", padding=1)),
            "padding_mode='zeros', got 'reflect'",
        ),
        (
            sequence(nn.Conv2d(4, 4, (3, 2), padding="same")),
            r"node _1 .*expected an odd kernel with padding='same', got \(3, 2\)",
        ),
        (
            sequence(nn.LeakyReLU()),
            r"LeakyReLU cannot be quantised; write ReLU and train anew; .*; supported are Conv2d",
        ),
        (sequence(nn.AvgPool2d(3, padding=1)), "node _1 .*padding = 0 and no divisor_override"),
        (
            sequence(nn.Conv1d(4, 4, 3)),
            r"Conv1d cannot be quantised; write Conv2d and its like with kernels \(1, K\)",
        ),
        (
            lambda: nn.Sequential(nn.Conv2d(3, 4, 3)),
            "Sequential: expected a model that takes images of .*; got RuntimeError: Given groups=1",
        ),
        (Branching, "Branching: expected a model that torch.fx can trace, got: symbolically traced"),
        (
            Misspelt,
            "Misspelt: expected a model that torch.fx can trace, got AttributeError: 'Misspelt' object",
        ),
        (Reused, "node conv.*called once only, and conv_1 has the same weights"),
        (Tied, "node second.*called once only, and third has the same weights"),
        (AddsConstant, "node add .*two tensors to add; leave a constant to the bias"),
        (AddsParameter, "node shift .*a bare tensor of the model cannot be quantised; leave a bias"),
        (AddsUnequal, r"node add .*equal shape to add, got \[4, 6, 6\] and \[4, 1, 1\]"),
        (nn.ReLU, "at least one Conv2d or Linear"),
    ],
)
def test_refusals_name_the_node(build: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantise(build(), Int(8), IMAGES)


@pytest.mark.parametrize(
    ("recipe", "example", "message"),
    [
        ("apot", IMAGES, "recipe: expected an Int, Apot or ApotWeights, got 'apot'"),
        (Int(8), IMAGES.double(), r"example: .* got a Tensor \[32, 1, 8, 8\] of torch.float64"),
        (Int(8), IMAGES[:0], r"example: .* got a Tensor \[0, 1, 8, 8\]"),
        (Int(8), IMAGES.numpy(), "example: .* got a ndarray"),
    ],
)
def test_arguments_of_other_kinds_are_refused(recipe: Any, example: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantise(DemoNet(), recipe, example)


@pytest.mark.parametrize("build", [lambda: Int(1), lambda: Int(9), lambda: Apot(4, 9), lambda: Apot(1, 4)])
def test_recipes_check_their_widths(build: Callable[[], object]) -> None:
    with pytest.raises(UserError, match="width of 2 to 8 bits"):
        build()


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Int(8, "filter"), "Int.weight_granularity: expected one of tensor, channel, got 'filter'"),
        (lambda: Apot(4, 4, "float"), "Apot.scales: expected one of power-of-two, free, got 'float'"),
    ],
)
def test_recipes_check_their_words(build: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build()


@pytest.mark.parametrize("granularity", list(Granularity))
def test_pruned_layers_have_a_scale_for_each_filter_left(granularity: Granularity) -> None:
    quantised = quantise(DemoNet(widths=(4, 6)), Int(4, granularity, Scales.FREE), IMAGES)
    with torch.no_grad():
        for name in ("conv1", "conv2", "conv3"):
            quantised.get_submodule(name).weight[0] = 0
    keep = {"conv1": 3, "conv2": 3, "conv3": 3, "conv4": 6, "shortcut": 6}
    pruned = remove_filters(quantised, IMAGES, FilterNorm(2), keep)
    renew_quantisers(pruned, quantised)
    assert pruned.conv2.quant_weight().scale.numel() == (3 if granularity is Granularity.CHANNEL else 1)
    assert pruned(IMAGES).shape == (32, 10)


def test_pruned_apot_layers_keep_what_they_learned() -> None:
    quantised = quantise(DemoNet(widths=(4, 6)), Apot(4, 4), IMAGES)
    with torch.no_grad():
        weight_quantiser(quantised.conv2).alpha.fill_(1.7)
    weight_quantiser(quantised.conv3).normalise = False
    pruned = remove_filters(quantised, IMAGES, FilterNorm(2), {"conv1": 3, "conv2": 3, "conv3": 3})
    renew_quantisers(pruned, quantised)
    assert weight_quantiser(pruned.conv2).alpha.item() == pytest.approx(1.7)
    found = {name: weight_quantiser(pruned.get_submodule(name)).normalise for name in ("conv2", "conv3")}
    assert found == {"conv2": True, "conv3": False}


def with_middle(weight: float, normalised: bool, channels: int) -> nn.Sequential:
    """Three layers, the middle one a 1×1 convolution of equal weights."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(channels) if normalised else nn.Identity()
    first, middle = nn.Conv2d(1, channels, 3), nn.Conv2d(channels, channels, 1)
    with torch.no_grad():
        first.weight.abs_()
        middle.weight.fill_(weight)
        middle.bias.fill_(0.3)
    last = (nn.ReLU(), nn.Flatten(), nn.Linear(36 * channels, 4))
    return nn.Sequential(first, nn.ReLU(), middle, norm, *last)


@pytest.mark.parametrize("recipe", [Int(4), Apot(4, 4), Apot(4, 4, Scales.FREE), ApotWeights(4, 4)])
@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("weight", [0.0, 0.2])
@pytest.mark.parametrize("channels", [1, 3])
def test_weights_that_are_all_alike_can_be_trained(
    channels: int, weight: float, normalised: bool, recipe: Recipe
) -> None:
    quantised = quantise(with_middle(weight, normalised, channels), recipe, IMAGES)
    quantised.train()(IMAGES).square().sum().backward()
    assert all(bool(torch.isfinite(value).all()) for value in quantised.state_dict().values())
    gradients = [parameter.grad for parameter in quantised.parameters() if parameter.grad is not None]
    assert gradients and all(bool(torch.isfinite(gradient).all()) for gradient in gradients)
