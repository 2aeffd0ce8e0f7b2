"""The importer's float32 arithmetic is the executor's, bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from onnx import TensorProto, helper

from twofold.qonnx.importer.handlers.arithmetic import runtime_power
from twofold.qonnx.importer.rounding import LinearRounding
from twofold.qonnx.importer.steps import AtLeast, AtMost, DividedBy, Plus, Step, Times

CHANNELS = 24


def run(
    kind: str, feeds: dict[str, npt.NDArray[Any]], opset: int = 13, **attributes: Any
) -> npt.NDArray[Any]:
    """One node in ONNX Runtime, as the executor runs it."""
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in feeds.items()
    ]
    kinds = TensorProto.FLOAT if kind != "QuantizeLinear" else TensorProto.UINT8
    node = helper.make_node(kind, list(feeds), ["y"], **attributes)
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("y", kinds, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)[0]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def values(random: np.random.Generator) -> npt.NDArray[np.float32]:
    return (random.integers(-5000, 5000, (3, CHANNELS)) * np.float32(0.0131)).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "step"),
    [("Mul", Times), ("Div", DividedBy), ("Add", Plus), ("Max", AtLeast), ("Min", AtMost)],
)
def test_steps(kind: str, step: type[Step], random, values) -> None:
    constant = random.normal(size=CHANNELS).astype(np.float32)
    assert np.array_equal(run(kind, {"x": values, "c": constant}), step("", constant)(values.T).T)


@pytest.mark.parametrize("shape", [(3, CHANNELS), (1, CHANNELS), (2, CHANNELS, 5, 7)])
@pytest.mark.parametrize("opset", [9, 15])
def test_batch_normalisation(shape: tuple[int, ...], opset: int, random) -> None:
    x = (random.integers(-5000, 5000, shape) * np.float32(0.0131)).astype(np.float32)
    scale, bias, mean = (random.normal(size=CHANNELS).astype(np.float32) for _ in range(3))
    variance = (random.random(CHANNELS) * 300 + 0.01).astype(np.float32)
    feeds = {"x": x, "scale": scale, "bias": bias, "mean": mean, "variance": variance}
    factor = np.float32(1) / np.sqrt(variance + np.float32(1e-5)) * scale
    columns = np.moveaxis(x, 1, 0).reshape(CHANNELS, -1)
    found = Plus("", bias - mean * factor)(Times("", factor)(columns))
    expected = run("BatchNormalization", feeds, opset, epsilon=1e-5)
    assert np.array_equal(np.moveaxis(expected, 1, 0).reshape(CHANNELS, -1), found)


@pytest.mark.parametrize("size", [3, 5, 6, 7])
@pytest.mark.parametrize(
    ("kind", "attributes"), [("GlobalAveragePool", {}), ("ReduceMean", {"axes": [2, 3]}), ("AveragePool", {})]
)
def test_averages_divide_the_sum(kind: str, attributes: dict[str, Any], size: int, random) -> None:
    x = (random.integers(-900, 900, (2, CHANNELS, size, size)) * 2.0**-4).astype(np.float32)
    if kind == "AveragePool":
        attributes = {"kernel_shape": [size, size]}
    sums = x.astype(np.float64).sum(axis=(2, 3), keepdims=True).astype(np.float32)
    assert np.array_equal(run(kind, {"x": x}, **attributes), sums / np.float32(size * size))


def test_quantize_linear(random) -> None:
    x = np.concatenate([np.arange(-700, 700) * 0.05, random.normal(size=5000) * 20]).astype(np.float32)
    for scale in (0.1, 0.25, 0.0373):
        rounding = LinearRounding(float(np.float32(scale)), 128, (0, 255))
        feeds = {"x": x, "scale": np.array(scale, np.float32), "zero": np.array(128, np.uint8)}
        assert np.array_equal(run("QuantizeLinear", feeds), rounding(x))


def test_powers_of_constants(random) -> None:
    x = (random.random(3000) * 400).astype(np.float32)
    exponent = np.array(0.5, np.float32)
    assert np.array_equal(run("Pow", {"x": x, "e": exponent}), runtime_power(x, exponent))
