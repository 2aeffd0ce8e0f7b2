"""A graph's float input, declared to hold integers: a quantiser is put before the layers that read it.

Files of FINN's flow name the type of their input in an annotation, those of QKeras in the project that reads
them. Factors and terms between the input and its layers stay before the quantiser.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
import onnx

from twofold.errors import UserError
from twofold.qonnx.dialect import QUANT_DOMAINS
from twofold.qonnx.input_type import InputType, Quantiser

_QUANTISERS = frozenset({"BipolarQuant", "MultiThreshold", "Quant", "QuantizeLinear"})
#: Factors and terms behind an input that are looked through.
_MOST_STEPS = 16
#: Nodes that the quantiser of an input may have before it.
_BEFORE_QUANTISERS = frozenset(
    {
        "Add", "BatchNormalization", "Clip", "Div", "Flatten", "Identity", "Mul", "Relu", "Reshape", "Sub",
        "Transpose",
    }
)  # fmt: skip

#: Nodes that read a tensor's sizes and none of its numbers.
_OF_SIZES = frozenset({"Shape", "Size"})


@dataclass(frozen=True)
class _Place:
    """The tensor that holds gain · x + offset of the input x, before the first node that does more."""

    tensor: str
    gain: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


def declare_input(model: onnx.ModelProto, type_: InputType) -> None:
    """Puts a quantiser of `type_` before the layers that read the input of `model`; changes `model`.

    Raises UserError for a graph of several inputs, one whose input has a quantiser already, and steps on the
    way that a quantiser of the type cannot follow.
    """
    names = _inputs(model.graph)
    if len(names) != 1:
        raise UserError(f"expected a graph with one input, found {names}")
    place = _place(model.graph, names[0])
    if not _reaches_layers(model.graph, place.tensor):
        raise UserError(
            f"input {names[0]!r}: expected one that layers read as it is, found a quantiser behind it"
        )
    _insert(model, place.tensor, type_.quantiser(place.gain, place.offset))


def declared_type(graph: onnx.GraphProto) -> InputType | None:
    """What FINN's annotation says of the input, if layers read it as it is; None if none, or for floats."""
    names = _inputs(graph)
    if len(names) != 1 or not _reaches_layers(graph, _place(graph, names[0]).tensor):
        return None
    for annotation in graph.quantization_annotation:
        for entry in annotation.quant_parameter_tensor_names if annotation.tensor_name == names[0] else ():
            if entry.key == "finn_datatype" and not entry.value.startswith("FLOAT"):
                return InputType.of(entry.value)
    return None


def _insert(model: onnx.ModelProto, source: str, quantiser: Quantiser) -> None:
    """Between the tensor `source` and its readers, in the order of execution."""
    graph = model.graph
    taken = {text for node in graph.node for text in (node.name, *node.input, *node.output)}
    target = next(text for text in _names(f"{source}.declared") if text not in taken)
    first = next(place for place, node in enumerate(graph.node) if source in node.input)
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == source:
                node.input[index] = target
    numbers, attributes = _fields(quantiser)
    for name, number in numbers.items():
        graph.initializer.append(onnx.numpy_helper.from_array(np.float32(number), f"{target}.{name}"))
    kind, inputs = (
        "Quant" if attributes else "BipolarQuant",
        [source, *(f"{target}.{name}" for name in numbers)],
    )
    graph.node.insert(
        first, onnx.helper.make_node(kind, inputs, [target], target, domain=QUANT_DOMAINS[0], **attributes)
    )
    if all(entry.domain != QUANT_DOMAINS[0] for entry in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(QUANT_DOMAINS[0], 1))


def _fields(quantiser: Quantiser) -> tuple[dict[str, float], dict[str, Any]]:
    """Constants in the order of the node's inputs, and attributes."""
    if quantiser.bits is None:
        return {"scale": quantiser.scale}, {}
    numbers = {"scale": quantiser.scale, "zero_point": quantiser.zero_point, "bits": quantiser.bits}
    switches = {"signed": int(quantiser.signed), "narrow": int(quantiser.narrow)}
    return numbers, {**switches, "rounding_mode": "ROUND"}


def _names(text: str) -> Iterator[str]:
    yield text
    yield from (f"{text}.{number}" for number in count(1))


def _place(graph: onnx.GraphProto, tensor: str) -> _Place:
    """Behind the nodes that scale and shift the whole input."""
    constants, readers, place = _scalars(graph), _readers(graph), _Place(tensor)
    for _ in range(_MOST_STEPS):
        nodes = readers[place.tensor]
        found = _step(nodes[0], place, constants) if len(nodes) == 1 else None
        if found is None:
            break
        place = found
    return place


def _step(node: onnx.NodeProto, place: _Place, constants: dict[str, Fraction]) -> _Place | None:
    """`place` behind `node`, None if the node does anything but add or multiply a number."""
    if len(node.input) != 2 or len(node.output) != 1:
        return None
    first, second = node.input
    if node.op_type in ("Add", "Mul") and first in constants:
        first, second = second, first
    number = constants.get(second)
    if number is None or first != place.tensor:
        return None
    output = node.output[0]
    if node.op_type == "Add":
        return _Place(output, place.gain, place.offset + number)
    if node.op_type == "Sub":
        return _Place(output, place.gain, place.offset - number)
    factor = number if node.op_type == "Mul" else 1 / number if node.op_type == "Div" and number else None
    return None if factor is None else _Place(output, place.gain * factor, place.offset * factor)


def _scalars(graph: onnx.GraphProto) -> dict[str, Fraction]:
    """Constants of one finite number."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        for entry in node.attribute if node.op_type == "Constant" else ():
            if entry.name == "value":
                tensors[node.output[0]] = entry.t
    small = {name: tensor for name, tensor in tensors.items() if all(size == 1 for size in tensor.dims)}
    arrays = {name: onnx.numpy_helper.to_array(tensor).ravel() for name, tensor in small.items()}
    return {name: Fraction(float(array[0])) for name, array in arrays.items() if np.isfinite(array[0])}


def _reaches_layers(graph: onnx.GraphProto, tensor: str) -> bool:
    """True if a layer reads the tensor, or what steps and moves make of it, before a quantiser does."""
    readers, waiting, seen = _readers(graph), [tensor], {tensor}
    while waiting:
        for node in readers[waiting.pop()]:
            if node.op_type in _QUANTISERS:
                continue
            if node.op_type not in _BEFORE_QUANTISERS:
                return True
            waiting += [name for name in node.output if name not in seen]
            seen |= set(node.output)
    return False


def _readers(graph: onnx.GraphProto) -> defaultdict[str, list[onnx.NodeProto]]:
    """Nodes by the tensors whose numbers they read."""
    readers = defaultdict[str, list[onnx.NodeProto]](list)
    for node in graph.node:
        for name in dict.fromkeys(node.input) if node.op_type not in _OF_SIZES else ():
            readers[name].append(node)
    return readers


def _inputs(graph: onnx.GraphProto) -> list[str]:
    constants = {tensor.name for tensor in graph.initializer}
    return [entry.name for entry in graph.input if entry.name not in constants]
