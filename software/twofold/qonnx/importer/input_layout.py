"""In which order the graph's input has its axes: what the first layer that needs the network's order says."""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
import onnx

from twofold.qonnx.importer.layout import NATIVE, Layout, layout_before, order_of_ones
from twofold.qonnx.importer.source import Node, Source

_ELEMENTWISE = frozenset(
    {
        "Add", "BipolarQuant", "Clip", "DequantizeLinear", "Div", "Identity", "Mul", "MultiThreshold",
        "Quant", "QuantizeLinear", "Relu", "Sub",
    }
)  # fmt: skip
_IN_ORDER = frozenset(
    {"AveragePool", "BatchNormalization", "Conv", "GlobalAveragePool", "MaxPool", "Pad", "Resize"}
)
_FLATTEN = frozenset({"Flatten", "Reshape"})


def input_layout(source: Source) -> Layout:
    """Follows the input through elementwise nodes and transpositions to a layer that needs an order.

    Where there is none, to the first node that flattens it.
    """
    readers = defaultdict[str, list[Node]](list)
    for node in source.nodes:
        for name in node.inputs:
            readers[name].append(node)
    start = tuple(range(len(source.input_shape)))
    flat: tuple[int, ...] | None = None
    queue, seen = deque([(source.input_name, start)]), {source.input_name}
    while queue:
        name, order = queue.popleft()
        for node in readers[name]:
            if node.op_type in _IN_ORDER:
                return layout_before(source.input_shape, order)
            behind = _behind(node, order, source)
            if node.op_type in _FLATTEN and behind is None and flat is None:
                flat = order
            if behind is not None and node.output not in seen:
                seen.add(node.output)
                queue.append((node.output, behind))
    return NATIVE if flat is None else layout_before(source.input_shape, flat)


def _behind(node: Node, order: tuple[int, ...], source: Source) -> tuple[int, ...] | None:
    """The order of the input's axes behind a node; None behind nodes that need none, or end the search."""
    if node.op_type in _ELEMENTWISE:
        return order
    if node.op_type == "Reshape":
        moved = order_of_ones([source.input_shape[axis] for axis in order], _target(node, source)[1:])
        return None if moved is None else tuple(order[place] for place in moved)
    perm = node.attributes.get("perm")
    if node.op_type != "Transpose" or not isinstance(perm, list):
        return None
    if sorted(perm) != list(range(len(order) + 1)) or perm[0] != 0:
        return None
    return tuple(order[place - 1] for place in perm[1:])


def _target(node: Node, source: Source) -> list[int]:
    """Of a Reshape; empty if it is computed, or no whole numbers."""
    writer = next((other for other in source.nodes if node.inputs[-1] in other.outputs), None)
    stored = writer.attributes.get("value") if writer is not None else source.constants.get(node.inputs[-1])
    if isinstance(stored, onnx.TensorProto):
        stored = onnx.numpy_helper.to_array(stored)
    if not isinstance(stored, np.ndarray) or not np.issubdtype(stored.dtype, np.integer):
        return []
    return stored.ravel().tolist()
