"""The stock executor, the frozen model and the golden model agree on every tensor of an exported file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.change_batchsize import ChangeBatchSize
from qonnx.transformation.infer_shapes import InferShapes
from torch import nn

from twofold.data.load import load
from twofold.errors import UserError
from twofold.golden.codes import quantise as to_codes
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.models.demo import DemoNet
from twofold.network.types import IntArray
from twofold.qonnx.export import export
from twofold.qonnx.freeze import FrozenModel, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot, Int, Recipe

ASSETS = Path(__file__).parents[1] / "assets"


def images(count: int, size: int, channels: int = 1) -> torch.Tensor:
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(size))


def frozen_demo(recipe: Recipe, size: int, channels: int = 1) -> FrozenModel:
    torch.manual_seed(2)
    model = DemoNet(channels, widths=(4, 6))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, -1.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.6)
    examples = images(32, size, channels)
    return freeze(quantise(model.eval(), recipe, examples), examples)


def executed(path: Path, frozen: FrozenModel, batch: torch.Tensor) -> Mapping[str, IntArray]:
    """The executor's codes of every tensor that `run_frozen` gives; a fraction becomes a wrong code."""
    model = ModelWrapper(str(path)).transform(ChangeBatchSize(len(batch))).transform(InferShapes())
    context = execute_onnx(model, {"images": batch.numpy()}, return_full_exec_context=True)
    codes = {name: context[name].astype(np.float64) / scale for name, scale in frozen.scales.items()}
    return {
        name: np.where(values == np.rint(values), values, -(2**40)).astype(np.int64)
        for name, values in codes.items()
    }


@pytest.mark.parametrize(
    "recipe, size, channels",
    [(Int(8), 8, 1), (Apot(4, 4), 8, 1), (Apot(3, 5), 8, 3), (Int(5), 10, 1), (Apot(4, 4), 28, 1)],
    ids=str,
)
def test_three_ways_to_the_same_integers(tmp_path: Path, recipe: Recipe, size: int, channels: int) -> None:
    frozen = frozen_demo(recipe, size, channels)
    path, batch = tmp_path / "model.onnx", images(6, size, channels)
    export(frozen, batch, path)
    reference = run_frozen(frozen, batch)
    required = tuple(frozen.scales)
    stock = compare("demo", ("brevitas", reference), ("qonnx", executed(path, frozen, batch)), required)
    assert stock.status is Status.PASS, stock.detail
    network = import_model(path)
    golden = execute(network, to_codes(batch.numpy(), network.input.type))
    check = compare("demo", ("golden", golden), ("brevitas", reference), required)
    assert check.status is Status.PASS, check.detail


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[FrozenModel, Path]:
    frozen = frozen_demo(Apot(4, 4), 8)
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    export(frozen, images(1, 8), path, {"recipe": "apot"})
    return frozen, path


@pytest.mark.parametrize(
    "tensor, index, change",
    [
        ("conv2.weight", (1, 1, 1, 1), 0.25),
        ("conv1.bias", (0,), 0.125),
        ("bn3.scale", (0, 2, 0, 0), 0.5),
        ("conv1_act.thresholds", (0, 3), 0.3),
        ("average_quant.scale", (), 0.125),
    ],
)
def test_a_changed_constant_is_noticed(
    exported: tuple[FrozenModel, Path], tmp_path: Path, tensor: str, index: tuple[int, ...], change: float
) -> None:
    frozen, path = exported
    model = onnx.load(path)
    (constant,) = (item for item in model.graph.initializer if item.name == tensor)
    values = numpy_helper.to_array(constant).copy()
    values[index] += np.float32(change)
    constant.CopyFrom(numpy_helper.from_array(values, tensor))
    changed = tmp_path / "changed.onnx"
    onnx.save(model, changed)
    batch = images(16, 8)
    found = executed(changed, frozen, batch)
    check = compare("demo", ("brevitas", run_frozen(frozen, batch)), ("qonnx", found), tuple(frozen.scales))
    assert check.status is Status.FAIL


def test_tensors_have_the_names_of_modules(exported: tuple[FrozenModel, Path]) -> None:
    frozen, path = exported
    model = onnx.load(path)
    written = [name for node in model.graph.node for name in node.output]
    assert set(frozen.scales) <= set(written)
    assert len(set(written)) == len(written)
    assert {"conv2", "bn2", "conv2_act", "conv2.quant", "add", "average"} <= set(written)
    constants = {item.name for item in model.graph.initializer}
    assert {
        "conv2.weight",
        "conv2.bias",
        "conv2.quant.scale",
        "bn2.scale",
        "block_act.thresholds",
    } <= constants
    assert [node.op_type for node in model.graph.node].count("MultiThreshold") == 4
    assert {item.key: item.value for item in model.metadata_props}["recipe"] == "apot"


def test_the_same_model_gives_the_same_bytes(exported: tuple[FrozenModel, Path], tmp_path: Path) -> None:
    frozen, path = exported
    again = tmp_path / path.name
    export(frozen, images(1, 8), again, {"recipe": "apot"})
    assert again.read_bytes() == path.read_bytes()


def test_weights_stay_on_the_apot_grid_in_the_file(exported: tuple[FrozenModel, Path]) -> None:
    model = onnx.load(exported[1])
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    codes = constants["conv4.weight"] / constants["conv4.quant.scale"]
    assert set(np.abs(codes).ravel()) <= {0, 1, 2, 3, 4, 6, 8, 10}
    assert float(constants["conv4.quant.bit_width"]) == 5


def test_a_model_that_was_not_frozen_is_refused(tmp_path: Path) -> None:
    quantised: Any = quantise(DemoNet(widths=(4, 6)), Int(8), images(16, 8))
    with pytest.raises(
        UserError, match="a model that freeze has made, got QuantisedDemoNet; call freeze first"
    ):
        export(quantised, images(1, 8), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_an_inexact_model_leaves_no_file(tmp_path: Path) -> None:
    frozen = frozen_demo(Int(8), 8)
    with torch.no_grad():
        frozen.module.fc.bias[0] = frozen.scales["logits"] * 2.0**25
    with pytest.raises(UserError, match="node fc: expected values of at most 24 bits"):
        export(frozen, images(1, 8), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, accuracy", [("apot", 97.0), ("int8", 98.0)])
def test_the_shipped_models_classify_digits(name: str, accuracy: float) -> None:
    network = import_model(ASSETS / name / "model.onnx")
    digits = load("digits").test
    logits = execute(network, to_codes(digits.real.numpy(), network.input.type))["logits"]
    assert 100 * np.mean(logits.argmax(1) == digits.labels.numpy()) >= accuracy
