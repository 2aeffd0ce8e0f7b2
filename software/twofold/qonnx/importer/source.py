"""An ONNX graph as plain Python values: nodes in the order of execution, constants as arrays."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy.typing as npt
import onnx
from onnx import numpy_helper

from twofold.errors import UserError
from twofold.network.shapes import MAX_ELEMENTS
from twofold.qonnx.importer.refusal import RefusalError


@dataclass(frozen=True, eq=False)
class Node:
    """One node; `inputs` end at the last one that is given, "" stands for one left out."""

    name: str
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.op_type} {self.name!r}"

    @property
    def output(self) -> str:
        return self.outputs[0]

    def refuse(self, field: str, found: object, supported: str, way_out: str) -> RefusalError:
        """The error to raise about this node."""
        return RefusalError(self.label, field, found, supported, way_out)


@dataclass(frozen=True, eq=False)
class Source:
    """A graph with one input and one output.

    input_shape: without the batch. uses: how many nodes read each tensor, the graph's output counted too.
    """

    name: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, npt.NDArray[Any]]
    input_name: str
    input_shape: tuple[int, ...]
    batch: int | None
    output_name: str

    @property
    def uses(self) -> Counter[str]:
        return Counter([name for node in self.nodes for name in node.inputs] + [self.output_name])

    @property
    def tensor_names(self) -> frozenset[str]:
        written = {name for node in self.nodes for name in node.outputs}
        return frozenset(written | self.constants.keys() | {self.input_name})


def source_of(model: onnx.ModelProto) -> Source:
    """The graph of a model that `read_model` has checked.

    Raises UserError for names used twice, tensors that nothing writes, cycles, and anything but one float
    input of known shape and one output.
    """
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise UserError(
            f"expected one input and one output, found {[entry.name for entry in inputs]} "
            f"and {[entry.name for entry in graph.output]}"
        )
    nodes = [_node(proto) for proto in graph.node]
    _check_names(nodes, [tensor.name for tensor in graph.initializer], inputs[0].name)
    batch, shape = _input_shape(inputs[0])
    ordered = _sorted(nodes, constants.keys() | {inputs[0].name})
    output = graph.output[0].name
    if not any(output in node.outputs for node in nodes):
        raise UserError(f"expected a node that writes the output {output!r}, found none")
    return Source(graph.name, ordered, constants, inputs[0].name, shape, batch, output)


def _node(proto: onnx.NodeProto) -> Node:
    if not proto.output or not proto.output[0]:
        raise UserError(f"{proto.op_type} {proto.name!r}: expected an output, found none")
    inputs = list(proto.input)
    while inputs and not inputs[-1]:
        inputs.pop()
    attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in proto.attribute}
    outputs = tuple(name for name in proto.output if name)
    return Node(proto.name or outputs[0], proto.op_type, proto.domain, tuple(inputs), outputs, attributes)


def _check_names(nodes: Sequence[Node], constants: Sequence[str], input_name: str) -> None:
    written = [name for node in nodes for name in node.outputs]
    _check_unique("tensor", [*written, *constants, input_name])
    _check_unique("node", [node.name for node in nodes])


def _check_unique(kind: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise UserError(f"expected every {kind} to have a name of its own, found {name!r} {count} times")


def _input_shape(entry: onnx.ValueInfoProto) -> tuple[int | None, tuple[int, ...]]:
    """(batch, None if free; the rest of the shape)."""
    tensor = entry.type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        raise UserError(f"input {entry.name!r}: expected float32, found type {tensor.elem_type}")
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
    rest = tuple(size for size in sizes[1:] if size is not None and size > 0)
    if len(sizes) not in (2, 3, 4) or len(rest) != len(sizes) - 1:
        raise UserError(
            f"input {entry.name!r}: expected a shape [N, C, H, W], [N, C, W] or [N, C] with known sizes "
            f"after N, found {[size if size is not None else '?' for size in sizes]}"
        )
    if prod(rest) > MAX_ELEMENTS:
        raise UserError(
            f"input {entry.name!r}: expected at most {MAX_ELEMENTS} elements a frame, found {list(rest)}"
        )
    return sizes[0] or None, rest


def _sorted(nodes: Sequence[Node], known: Iterable[str]) -> tuple[Node, ...]:
    """Nodes such that each reads only what is written before it; the given order where it allows."""
    ready = set(known)
    written = {name for node in nodes for name in node.outputs}
    for node in nodes:
        for name in node.inputs:
            if name and name not in ready and name not in written:
                raise UserError(f"{node.label}: expected an input that something writes, found {name!r}")
    missing = {index: {name for name in node.inputs if name} - ready for index, node in enumerate(nodes)}
    readers: dict[str, list[int]] = {}
    for index, names in missing.items():
        for name in names:
            readers.setdefault(name, []).append(index)
    queue = [index for index, names in missing.items() if not names]
    order: list[int] = []
    while queue:
        order.append(heapq.heappop(queue))
        for name in nodes[order[-1]].outputs:
            for reader in readers.get(name, ()):
                missing[reader].discard(name)
                if not missing[reader]:
                    heapq.heappush(queue, reader)
    if len(order) < len(nodes):
        stuck = nodes[min(set(range(len(nodes))) - set(order))]
        raise UserError(
            f"{stuck.label}: expected a graph without cycles, found one through or before this node"
        )
    return tuple(nodes[index] for index in order)
