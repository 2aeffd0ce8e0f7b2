"""Hand-made QONNX graphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import import_file, import_model

DOMAIN = "qonnx.custom_op.general"


class Graph:
    """A graph that grows node by node; the input is `images`, quantised to `x`."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0) -> None:
        self.shape = shape
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: Any, dtype: Any = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], output, domain=domain, **attributes))
        return output

    def quant(
        self, source: str, output: str, scale: Any, bits: int = 8, zero: int = 0, **attributes: Any
    ) -> str:
        constants = [
            self.constant(f"{output}.{field}", value)
            for field, value in (("scale", scale), ("zero", zero), ("bits", bits))
        ]
        attributes = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | attributes
        return self.node("Quant", [source, *constants], output, DOMAIN, **attributes)

    def quantised_input(self, **attributes: Any) -> str:
        return self.quant("images", "x", attributes.pop("scale", 2**-4), **({"signed": 0} | attributes))

    def weights(self, name: str, shape: tuple[int, ...], scale: Any = 2**-5, bits: int = 4) -> str:
        limit = 1 << (bits - 1)
        codes = self.random.integers(-limit + 1, limit, shape)
        self.constant(f"{name}.float", codes * np.asarray(scale))
        return self.quant(f"{name}.float", name, scale, bits, narrow=1)

    def conv(
        self, source: str, output: str, shape: tuple[int, ...], bias: Any = None, **attributes: Any
    ) -> str:
        scale, bits = attributes.pop("scale", 2**-5), attributes.pop("bits", 4)
        inputs = [source, self.weights(f"{output}.weight", shape, scale, bits)]
        if bias is not None:
            inputs.append(self.constant(f"{output}.bias", bias))
        return self.node("Conv", inputs, output, **attributes)

    def model(self, output: str = "y", batch: Any = 1, opset: int = 13) -> onnx.ModelProto:
        shape = [batch, *self.shape]
        # Shape inference fills in the rank, which the executor needs of the output.
        graph = helper.make_graph(
            self.nodes,
            "",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            self.constants,
        )
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@pytest.fixture
def new_graph() -> type[Graph]:
    return Graph


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Writes a graph, returns its path."""

    def write(graph: Graph, output: str = "y", **options: Any) -> Path:
        path = tmp_path / "hand.onnx"
        path.write_bytes(graph.model(output, **options).SerializeToString())
        return path

    return write


@pytest.fixture
def load(save: Callable[..., Path]) -> Callable[..., Network]:
    """Writes and imports a graph."""
    return lambda graph, output="y", **options: import_model(save(graph, output, **options))


@pytest.fixture
def agreed(save: Callable[..., Path]) -> Callable[..., Network]:
    """Imports a graph and holds golden and executor equal on all shared tensors, `names` among them."""

    def check(graph: Graph, *names: str, frames: int = 4, **options: Any) -> Network:
        path = save(graph, **options)
        imported = import_file(path)
        network, reader = imported.network, imported.reader
        assert not imported.errors
        codes = graph.random.choice(reader.codes, (frames, *network.input.shape))
        images = reader.images_of(codes)
        golden = execute(network, codes)
        found = run_executor(path, network, codes, images, imported.views)
        result = compare(
            "hand", ("golden", golden), ("qonnx", found), (*names, network.input_name, network.output_name)
        )
        assert result.status is Status.PASS, result.detail
        return network

    return check
