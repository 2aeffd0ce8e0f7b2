"""The stock executor against golden: trained models, random graphs, and mutations that must be seen."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper
from sklearn.datasets import load_digits

from twofold.errors import UserError
from twofold.golden.codes import quantise
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.network.ops import Requantise, Threshold
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import import_model
from twofold.qonnx.importer.view import NO_INTEGER, PLAIN, View

ASSETS = Path(__file__).parents[1] / "assets"
IMAGES = load_digits().images[:50, None] / 16


def check(path: Path, network, frames):
    results = execute(network, frames), run_executor(path, network, frames)
    return compare("m", ("golden", results[0]), ("qonnx", results[1]), (network.output_name,))


@pytest.mark.parametrize("model", ["apot", "int8"])
def test_trained_models_agree_on_every_tensor(model):
    path = ASSETS / model / "model.onnx"
    network = import_model(path)
    result = check(path, network, quantise(IMAGES, network.input.type))
    assert result.status is Status.PASS, result.detail
    assert result.frames == 50
    named = {op.output for op in network.ops if isinstance(op, Requantise | Threshold)}
    assert named | {network.input_name, network.output_name} <= set(result.tensors)


def _mutate(model: onnx.ModelProto, name: str, change) -> None:
    for tensor in model.graph.initializer:
        if tensor.name == name:
            values = numpy_helper.to_array(tensor).copy()
            change(values)
            tensor.CopyFrom(numpy_helper.from_array(values, name))
            return
    raise LookupError(name)


def _weight(values) -> None:
    values[0, 0, 1, 1] *= -1


def _threshold(values) -> None:
    values[:, 3] = values[:, 4]


@pytest.mark.parametrize("name, change", [("conv2.weight", _weight), ("block_act.thresholds", _threshold)])
def test_one_changed_constant_fails_the_check(tmp_path, name, change):
    original = ASSETS / "apot" / "model.onnx"
    model = onnx.load(original)
    _mutate(model, name, change)
    path = tmp_path / "mutant.onnx"
    onnx.save(model, path)
    network = import_model(original)
    result = check(path, network, quantise(IMAGES, network.input.type))
    assert result.status is Status.FAIL
    assert result.mismatches > 0
    own = import_model(path)
    assert check(path, own, quantise(IMAGES, own.input.type)).status is Status.PASS


def test_values_off_the_scale_are_no_integers(new_graph, save):
    graph = new_graph((1, 2, 2))
    graph.quantised_input(scale=2**-3)
    graph.quant("x", "y", 2**-3, signed=0)
    path = save(graph)
    network = import_model(path)
    coarse = dataclasses.replace(
        network.tensors["y"].type, scale=dataclasses.replace(network.input.type.scale, exponent=2)
    )
    tensor = dataclasses.replace(network.tensors["y"], type=coarse)
    values = np.array([0.25, 0.125, np.nan, np.inf], np.float32)
    codes = PLAIN.integers(values, tensor)
    rounded = View(is_rounded=True).integers(values, tensor)
    assert rounded.ravel().tolist() == [1, 0, NO_INTEGER, NO_INTEGER]
    assert codes.ravel().tolist() == [1, NO_INTEGER, NO_INTEGER, NO_INTEGER]


def test_graphs_that_the_executor_cannot_run(new_graph, save):
    graph = new_graph((1, 2, 2))
    graph.quantised_input()
    path = save(graph, output="x")
    network = import_model(path)
    graph.node("NoSuchOperator", ["x"], "y")
    with pytest.raises(UserError, match="the qonnx executor does not run this graph: ") as caught:
        run_executor(save(graph), network, np.zeros((2, 1, 2, 2), np.int64))
    assert "\n" not in str(caught.value)


def test_frames_of_another_shape(new_graph, save):
    graph = new_graph((1, 2, 2))
    graph.quantised_input()
    path = save(graph, output="x")
    with pytest.raises(UserError, match="frames: expected shape"):
        run_executor(path, import_model(path), np.zeros((2, 1, 2, 3), np.int64))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_graphs_agree_on_every_tensor(new_graph, agreed, data):
    """Layers of random geometry, scales and quantisers, with a residual branch and a pool now and then."""
    graph = new_graph((data.draw(st.integers(1, 3)), 8, 8), data.draw(st.integers(0, 2**20)))
    channels, size = graph.shape[0], 8
    source = graph.quantised_input(
        bits=data.draw(st.integers(2, 8)), zero=data.draw(st.sampled_from([0, 0, 1, 2])), scale=2**-2
    )
    for index in range(data.draw(st.integers(1, 3))):
        source, channels, size = _layer(graph, data, index, source, channels, size)
    graph.node("Flatten", [source], "flat")
    weight = graph.weights("fc.weight", (3, channels * size * size), bits=8)
    graph.node("Gemm", ["flat", weight], "y", transB=1)
    agreed(graph)


def _layer(graph, data, index, source, channels, size):
    """conv → factor → relu → quantiser [→ add, quantiser] [→ pool]; returns name, channels and size."""
    name, outputs = f"l{index}", data.draw(st.integers(1, 4))
    residual = data.draw(st.booleans())
    stride, outputs = (1, channels) if residual else (data.draw(st.integers(1, 2)), outputs)
    bias = graph.random.integers(-20, 21, outputs) * 2.0**-9
    graph.conv(source, f"{name}.conv", (outputs, channels, 3, 3), bias, pads=[1] * 4, strides=[stride] * 2)
    factor = graph.random.integers(-9, 16, (1, outputs, 1, 1)) * 2.0**-3
    graph.node("Mul", [f"{name}.conv", graph.constant(f"{name}.m", factor)], f"{name}.mul")
    branch = _quantiser(graph, data, f"{name}.mul", f"{name}.q", outputs)
    if residual:
        graph.node("Add", [source, branch], f"{name}.add")
        branch = _quantiser(graph, data, f"{name}.add", f"{name}.sum", outputs)
    size = (size - 1) // stride + 1
    if size > 3 and data.draw(st.booleans()):
        branch = graph.node("MaxPool", [branch], f"{name}.pool", kernel_shape=[2, 2], strides=[2, 2])
        size //= 2
    return branch, outputs, size


def _quantiser(graph, data, source, name, channels):
    if data.draw(st.booleans()):
        graph.node("Relu", [source], f"{name}.relu")
        source = f"{name}.relu"
    if data.draw(st.booleans()):
        rows = data.draw(st.sampled_from([1, channels]))
        steps = np.sort(graph.random.integers(-40, 41, (rows, 7)), axis=1) * 2.0**-4
        graph.constant(f"{name}.t", np.repeat(steps, [1, 2, 1, 1, 3, 1, 1], axis=1))
        return graph.node(
            "MultiThreshold",
            [source, f"{name}.t"],
            name,
            "qonnx.custom_op.general",
            out_dtype="UINT4",
            out_scale=0.25,
        )
    zero = data.draw(st.integers(-2, 2))
    return graph.quant(
        source, name, 2.0 ** data.draw(st.integers(-4, 0)), data.draw(st.integers(3, 8)), zero=zero
    )
