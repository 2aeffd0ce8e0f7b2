"""Small sound models that mutants are made of: QONNX, bipolar with batch normalisation, QDQ, Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_QONNX = "qonnx.custom_op.general"


class _Graph:
    def __init__(self, shape: tuple[int, ...], seed: int) -> None:
        self._shape = shape
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(seed)

    def constant(self, name: str, values: Any, kind: Any = np.float32) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], output, domain=domain, **attributes))
        return output

    def quant(self, source: str, output: str, scale: Any, bits: int, signed: int = 1) -> str:
        numbers = {"scale": scale, "zero": 0.0, "bits": bits}
        inputs = [source, *(self.constant(f"{output}.{name}", value) for name, value in numbers.items())]
        return self.node("Quant", inputs, output, _QONNX, signed=signed, narrow=0, rounding_mode="ROUND")

    def bipolar(self, source: str, output: str) -> str:
        return self.node("BipolarQuant", [source, self.constant(f"{output}.scale", 1.0)], output, _QONNX)

    def signs(self, name: str, shape: tuple[int, ...]) -> str:
        return self.bipolar(self.constant(f"{name}.float", self.random.normal(size=shape)), name)

    def weights(self, name: str, shape: tuple[int, ...]) -> str:
        return self.quant(self.constant(f"{name}.float", self.random.normal(size=shape)), name, 2**-3, 4)

    def dequantised(self, source: str, output: str, scale: Any, zero: Any, **attributes: Any) -> str:
        inputs = [source, self.constant(f"{output}.s", scale), self.constant(f"{output}.z", zero, np.uint8)]
        return self.node("DequantizeLinear", inputs, output, **attributes)

    def quantised(self, source: str, output: str, scale: float, zero: int) -> str:
        inputs = [source, self.constant(f"{output}.qs", scale), self.constant(f"{output}.qz", zero, np.uint8)]
        self.node("QuantizeLinear", inputs, f"{output}.q")
        return self.dequantised(f"{output}.q", output, scale, zero)

    def content(self, output: str) -> bytes:
        inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, *self._shape])]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
        graph = helper.make_graph(self._nodes, "seed", inputs, outputs, self._constants)
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid(_QONNX, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def seeds() -> dict[str, bytes]:
    """Name → content of an ONNX file that imports exactly."""
    return {"residual": _residual(), "bipolar": _bipolar(), "qdq": _qdq(), "declared": _declared()}


def _residual() -> bytes:
    graph = _Graph((2, 6, 6), seed=0)
    graph.quant("images", "x", 2**-4, 4, signed=0)
    graph.node("Conv", ["x", graph.weights("w", (2, 2, 3, 3))], "conv", pads=[1] * 4)
    graph.quant("conv", "branch", 2**-3, 5)
    graph.node("Add", ["branch", "x"], "sum")
    graph.node("Relu", ["sum"], "relu")
    thresholds = graph.constant("t", [np.arange(1, 8) / 4])
    graph.node("MultiThreshold", ["relu", thresholds], "act", _QONNX, out_dtype="UINT3", out_scale=0.25)
    graph.node("MaxPool", ["act"], "pool", kernel_shape=[2, 2], strides=[2, 2])
    graph.node("GlobalAveragePool", ["pool"], "mean")
    graph.quant("mean", "small", 2**-4, 4, signed=0)
    graph.node("Flatten", ["small"], "flat")
    graph.node("Gemm", ["flat", graph.weights("fc", (3, 2))], "y", transB=1)
    return graph.content("y")


def _bipolar() -> bytes:
    graph = _Graph((1, 3, 3), seed=1)
    graph.node("Reshape", ["images", graph.constant("shape", [1, -1], np.int64)], "flat")
    graph.node("Mul", ["flat", graph.constant("two", 2.0)], "doubled")
    graph.node("Sub", ["doubled", graph.constant("one", [1.0])], "centred")
    graph.bipolar("centred", "x")
    graph.node(
        "MatMul", ["x", graph.bipolar(graph.constant("w", graph.random.normal(size=(9, 6))), "wq")], "dot"
    )
    numbers = {name: graph.constant(name, graph.random.random(6) + 0.5) for name in ("g", "b", "m", "v")}
    graph.node("BatchNormalization", ["dot", *numbers.values()], "normal", epsilon=1e-5)
    graph.bipolar("normal", "hidden")
    graph.node(
        "MatMul", ["hidden", graph.bipolar(graph.constant("u", graph.random.normal(size=(6, 4))), "uq")], "z"
    )
    graph.node("Div", ["z", graph.constant("three", 3.0)], "scaled")
    graph.node("Softmax", ["scaled"], "y", axis=1)
    return graph.content("y")


def _qdq() -> bytes:
    graph = _Graph((2, 5, 5), seed=2)
    graph.quantised("images", "x", 2**-6, 3)
    stored = graph.constant("w.q", graph.random.integers(0, 256, (3, 2, 3, 3)), np.uint8)
    graph.dequantised(stored, "w", np.full(3, 2**-7), np.full(3, 128), axis=0)
    graph.node("Conv", ["x", "w"], "conv", strides=[2, 2])
    graph.node("Clip", ["conv", graph.constant("lo", 0.0), graph.constant("hi", 6.0)], "clipped")
    graph.quantised("clipped", "y", 2**-4, 0)
    return graph.content("y")


def _declared() -> bytes:
    """As converters from Keras wrote it: the input's type in an annotation, a domain of the past."""
    graph = _Graph((5, 5, 1), seed=3)
    graph.node("Add", ["images", graph.constant("one", [1.0])], "shifted")
    graph.node("Div", ["shifted", graph.constant("two", 2.0)], "halved")
    graph.node("Reshape", ["halved", graph.constant("shape", [-1, 1, 5, 5], np.int64)], "first")
    graph.node("Conv", ["first", graph.weights("w", (3, 1, 3, 3))], "conv")
    graph.quant("conv", "y", 2**-2, 4)
    model = onnx.ModelProto.FromString(graph.content("y"))
    for node in model.graph.node:
        node.domain = node.domain and "finn.custom_op.general"
    entry = onnx.StringStringEntryProto(key="finn_datatype", value="BIPOLAR")
    model.graph.quantization_annotation.append(
        onnx.TensorAnnotation(tensor_name="images", quant_parameter_tensor_names=[entry])
    )
    return model.SerializeToString()
