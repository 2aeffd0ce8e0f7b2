"""Operators on constants and shapes only: `Pow`, `Sqrt`, `Shape`, `Gather`, `Unsqueeze`, `Concat`, `Cast`."""

from __future__ import annotations

import numpy as np
import onnx

from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.channels import MAX_NUMBERS
from twofold.qonnx.importer.folding import folded
from twofold.qonnx.importer.handlers.axes import axes_of, named_axes
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.steps import Floats
from twofold.qonnx.importer.values import Codes, Constant, RawInput, Sums
from twofold.qonnx.read import MAX_RANK

IR_VERSION = 8
"""Old enough for every ONNX Runtime."""
BATCH = 0
"""Stands for the batch in a shape, as Reshape reads it, where the graph leaves it free."""


def sqrt(walk: Walk, node: Node) -> Constant:
    walk.require_inputs(node, 1, 1)
    return folded(walk, node, np.sqrt)


def power(walk: Walk, node: Node) -> Constant:
    """By ONNX Runtime, since no standard says how a power is rounded."""
    walk.require_inputs(node, 2, 2)
    return folded(walk, node, runtime_power)


def runtime_power(base: Floats, exponent: Floats) -> Floats:
    import onnxruntime  # slow to import, and seldom needed

    feeds = {"base": base, "exponent": exponent}
    inputs = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, value.shape)
        for name, value in feeds.items()
    ]
    output = onnx.helper.make_tensor_value_info("power", onnx.TensorProto.FLOAT, None)
    node = onnx.helper.make_node("Pow", ["base", "exponent"], ["power"])
    graph = onnx.helper.make_graph([node], "power", inputs, [output])
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=IR_VERSION
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, feeds)[0], np.float32)


def shape_of(walk: Walk, node: Node) -> Constant:
    """Of data; the batch is the graph's, or `BATCH`."""
    walk.require_inputs(node, 1, 1)
    value = walk.value(node, 0)
    if not isinstance(value, RawInput | Codes | Sums):
        return Constant(np.array(walk.fixed(node, 0, "input").array.shape, np.int64))
    sizes = value.shape if walk.rank(value.shape) != 3 else (value.shape[0], value.shape[2])
    if len(value.shape) == 3 and not value.layout.is_native:
        sizes = value.layout.graph_shape
    return Constant(np.array([walk.batch or BATCH, *sizes], np.int64))


def gather(walk: Walk, node: Node) -> Constant:
    """Elements of a vector, such as a shape."""
    walk.require_inputs(node, 2, 2)
    attributes = Attributes(node)
    attributes.require("axis", attributes.integer("axis", 0), 0)
    vector, indices = (walk.fixed(node, index, field).array for index, field in ((0, "data"), (1, "indices")))
    inside = indices.dtype.kind == "i" and ((-len(vector) <= indices) & (indices < len(vector))).all()
    if vector.ndim != 1 or not inside:
        raise node.refuse("indices", indices.tolist(), "places in a vector", "fold the shape before export")
    return Constant(vector[indices])


def unsqueeze(walk: Walk, node: Node) -> Constant:
    array = walk.fixed(node, 0, "input").array
    rank = array.ndim + len(named_axes(walk, node))
    if rank > MAX_RANK:
        raise node.refuse("axes", f"{rank} dimensions", f"up to {MAX_RANK}", "check the model")
    return Constant(np.expand_dims(array, tuple(sorted(axes_of(walk, node, rank)))))


def concat(walk: Walk, node: Node) -> Constant:
    """Of vectors, such as parts of a shape."""
    walk.require_inputs(node, 1)
    attributes = Attributes(node)
    attributes.require("axis", attributes.integer("axis"), 0)
    parts = [walk.fixed(node, index, "part").array for index in range(len(node.inputs))]
    kinds = {part.dtype for part in parts}
    if any(part.ndim != 1 for part in parts) or len(kinds) > 1 or sum(map(len, parts)) > MAX_NUMBERS:
        raise node.refuse(
            "inputs", f"shapes {[list(part.shape) for part in parts]}", "vectors of one type", "fold them"
        )
    return Constant(np.concatenate(parts))


def cast(walk: Walk, node: Node) -> Constant:
    """Of constants, to float32 or int64."""
    walk.require_inputs(node, 1, 1)
    attributes = Attributes(node)
    targets = {onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.INT64: np.int64}
    target = attributes.integer("to")
    attributes.require("to", target, *targets)
    array = walk.fixed(node, 0, "input").array
    if not np.isfinite(array).all() or (np.abs(array) > 2.0**31).any():
        raise node.refuse("input", "numbers beyond 2^31", "small numbers", "fold the constants before export")
    return Constant(array.astype(targets[target]))
