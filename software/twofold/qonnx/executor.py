"""Runs a QONNX file in the stock qonnx executor and reads its float tensors as a network's integers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from twofold.errors import UserError
from twofold.golden.codes import dequantise
from twofold.golden.execute import check_frames
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.qonnx.importer.view import PLAIN, View
from twofold.qonnx.read import read_model


def run_executor(
    path: Path,
    network: Network,
    frames: IntArray,
    images: npt.NDArray[np.float32] | None = None,
    views: Mapping[str, View] = MappingProxyType({}),
) -> Mapping[str, IntArray]:
    """Every tensor of `network` that the graph in `path` has too, computed by the stock executor in float32.

    network: what `import_model(path)` gave. frames: codes of its input, [N, *input shape]. images: what the
    graph's quantiser makes these codes of, [N, *the graph's input shape]; the codes' numbers if not given.
    views: how the graph shows tensors, as `import_file` gives them.
    Returns tensor name → int64 [N, *shape]. A float that is not the float32 number of any code becomes
    `twofold.qonnx.importer.view.NO_INTEGER`, which equals no code, so that a comparison counts it.
    Raises UserError for files that `read_model` refuses and graphs that the executor does not run.
    """
    check_frames(network, frames)
    model = read_model(path)
    if images is None:
        images = dequantise(frames, network.input.type).astype(np.float32)
    context = _execute(path, _for_batch(model, network, images.shape, views), images)
    shared = [tensor for name, tensor in network.tensors.items() if name in context]
    return {
        tensor.name: views.get(tensor.name, PLAIN).integers(context[tensor.name], tensor) for tensor in shared
    }


def _execute(path: Path, model: onnx.ModelProto, images: npt.NDArray[np.float32]) -> Mapping[str, Any]:
    try:
        wrapped = ModelWrapper(model).transform(InferShapes())
        context = execute_onnx(wrapped, {_input_name(model): images}, return_full_exec_context=True)
    except Exception as error:  # the executor raises bare exceptions of many kinds
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{path}: the qonnx executor does not run this graph: {reason}") from error
    return dict(context)


def _input_name(model: onnx.ModelProto) -> str:
    constants = {tensor.name for tensor in model.graph.initializer}
    return next(entry.name for entry in model.graph.input if entry.name not in constants)


def _for_batch(
    model: onnx.ModelProto, network: Network, shape: tuple[int, ...], views: Mapping[str, View]
) -> onnx.ModelProto:
    """The graph for images of `shape`: sizes of input and output, targets of Reshape; other shapes go."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    del graph.value_info[:]
    name = _input_name(result)
    source = next(entry for entry in graph.input if entry.name == name)
    source.CopyFrom(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    _declare_output(graph, network, shape, views)
    for tensor in graph.initializer:
        _declare(graph, tensor)
    _flatten(graph, shape[0])
    return result


def _declare_output(
    graph: onnx.GraphProto, network: Network, images: tuple[int, ...], views: Mapping[str, View]
) -> None:
    """Of known shape if the network has it, whose maps of one row the graph has without it; else shape
    inference finds it."""
    output = graph.output[0]
    kind = output.type.tensor_type.elem_type
    known = output.name == network.output_name and views.get(output.name, PLAIN).layout.is_native
    in_rows = len(images) == 3 and len(network.output.shape) == 3
    shape = [images[0], *network.output.shape] if known and not in_rows else None
    output.CopyFrom(onnx.helper.make_tensor_value_info(output.name, kind, shape))


def _flatten(graph: onnx.GraphProto, batch: int) -> None:
    """Reshape of data always keeps the batch, here `batch` rows, whatever was exported; it flattens the rest
    unless it makes another map of it."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    made = {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    fixed = _fixed(graph)
    for node in graph.node:
        if node.op_type == "Reshape" and node.input[0] not in fixed:
            stored = constants.get(node.input[1], made.get(node.input[1]))
            sizes = [] if stored is None else onnx.numpy_helper.to_array(stored).ravel().tolist()
            rest = sizes[1:] if len(sizes) > 2 else [-1]
            shape = np.array([batch, *map(int, rest)])
            target = onnx.numpy_helper.from_array(shape, f"{node.output[0]}.rows")
            graph.initializer.append(target)
            _declare(graph, target)
            node.input[1] = target.name


def _fixed(graph: onnx.GraphProto) -> set[str]:
    """Names of constants, and of what nodes make of constants alone."""
    names = {"", *(tensor.name for tensor in graph.initializer)}
    for node in graph.node:
        if names.issuperset(node.input):
            names.update(node.output)
    return names


def _declare(graph: onnx.GraphProto, tensor: onnx.TensorProto) -> None:
    """The executor hands constants to each node's session as inputs of known shape."""
    if all(entry.name != tensor.name for entry in graph.input):
        graph.value_info.append(
            onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        )
