"""Widths of single layers, and layers that are left in float."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import fx, nn

from twofold.errors import UserError
from twofold.golden.codes import quantise as codes_of
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.models.demo import DemoNet
from twofold.models.small_cnn import SmallCnn
from twofold.qonnx.export import export
from twofold.qonnx.freeze import OUTPUT, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.recipe import Apot, ByLayer, Int, Recipe, Scales, gives_integers
from twofold.quant.widths import Width, widths_of

IMAGES = torch.rand(32, 1, 12, 12, generator=torch.Generator().manual_seed(0))
MIXED = ByLayer.of({"Conv2d": 6, "conv*_act": 5, "conv2": 3, "fc": 7, "shortcut": 4})


@pytest.mark.parametrize(
    "recipe",
    [Int(8, layers=MIXED), Int(8, scales=Scales.FREE, layers=MIXED), Apot(4, 4, layers=MIXED)],
    ids=["int", "int-free", "apot"],
)
def test_mixed_widths_are_exact_from_the_quantised_network_to_the_golden_model(
    recipe: Recipe, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    frozen = freeze(quantise(DemoNet(widths=(4, 6)).eval(), recipe, IMAGES), IMAGES)
    usual = recipe.activation_bits
    assert widths_of(frozen.module) == {
        "conv1": Width(6, 8),
        "conv2": Width(3, 5),
        "conv3": Width(6, 5),
        "conv4": Width(6, usual),
        "shortcut": Width(4, usual),
        "fc": Width(7, 8),
    }
    export(frozen, IMAGES, tmp_path / "model.onnx")
    imported = import_model(tmp_path / "model.onnx")
    golden = execute(imported, codes_of(IMAGES[:3].numpy(), imported.input.type))
    check = compare("mixed", ("golden", golden), ("frozen", run_frozen(frozen, IMAGES[:3])), (OUTPUT,))
    assert check.status is Status.PASS, check.detail


def small_cnn(layers: Mapping[str, int | str]) -> fx.GraphModule:
    torch.manual_seed(0)
    return quantise(SmallCnn(1, 12, (3, 5)), Int(8, layers=ByLayer.of(layers)), IMAGES)


def quantisers(model: nn.Module) -> set[str]:
    return {name for name, module in model.named_modules() if type(module).__name__ == "QuantIdentity"}


def test_only_what_a_quantised_layer_reads_is_quantised() -> None:
    dense, conv = small_cnn({"Conv2d": "float"}), small_cnn({"Linear": "float"})
    assert quantisers(dense) == {"conv2_act"}
    assert quantisers(conv) == {"input_quant", "conv1_act"}
    assert widths_of(dense) == {"conv1": Width(None, None), "conv2": Width(None, None), "fc": Width(8, 8)}
    assert widths_of(conv) == {"conv1": Width(8, 8), "conv2": Width(8, 8), "fc": Width(None, None)}
    assert not gives_integers(Int(8, layers=ByLayer.of({"fc": "float"})))


def test_layers_in_float_are_normalised_and_folded_as_before() -> None:
    torch.manual_seed(0)
    network = DemoNet(widths=(4, 6)).eval()
    with torch.no_grad():
        expected = network(IMAGES)
        quantised = quantise(network, Int(8, layers=ByLayer.of({"conv2": "float"})), IMAGES).eval()
        for found in (quantised(IMAGES), fold_batch_norms(quantised)(IMAGES)):
            assert float((expected - found).abs().max()) < 0.05 * float(expected.abs().max())


def test_dropout_is_for_training_alone() -> None:
    quantised = small_cnn({}).train()
    images = IMAGES.repeat(4, 1, 1, 1)
    assert not torch.equal(quantised(images), quantised(images))
    folded = fold_batch_norms(quantised).train()
    assert torch.equal(folded(images), folded(images))


@pytest.mark.parametrize(
    "layers, message",
    [
        (
            {"conv9": 4},
            r"^layers, conv9: expected a layer of the network, found only conv1, conv1_act, conv2",
        ),
        ({"conv1": 9}, r"^layers, conv1: expected a width of 2 to 8 bits, got 9$"),
        ({"conv1": "int"}, r'^layers, conv1: expected a width of 2 to 8 or "float", got \'int\'$'),
        ({"ReLU": "float"}, r"node conv1_act .*: expected a width for what a ReLU gives"),
    ],
)
def test_what_fits_nothing_is_refused(layers: Mapping[str, int | str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        small_cnn(layers)
