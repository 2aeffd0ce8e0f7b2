"""Damaged and hostile models from a sound one, each drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper

Random = np.random.Generator
Mutation = Callable[[onnx.ModelProto, Random], None]

_NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.1, 3.0, 1e-45, 1e-30, 1e30, 3.4e38, np.inf, -np.inf, np.nan, 255.5)
_SIZES = (-1, 0, 1, 2, 3, 7, 65_537, 1 << 20, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))
_WORDS = ("", "x", "y", "NHWC", "FLOOR", "SAME_UPPER", "INT7", "UINT3", "../../etc/passwd", "\n\x00")
_OPERATORS = (
    "Add", "Clip", "Concat", "Conv", "Div", "Flatten", "Gemm", "Identity", "If", "Loop", "MatMul", "MaxPool",
    "Mul", "Pad", "Quant", "Relu", "Reshape", "Shape", "Softmax", "Sub", "Transpose", "Trunc",
)  # fmt: skip


def mutated(content: bytes, random: Random) -> bytes:
    """One to three changes to the model, then, in one case of four, to its bytes."""
    model = onnx.ModelProto.FromString(content)
    for _ in range(int(random.integers(1, 4))):
        MUTATIONS[int(random.integers(len(MUTATIONS)))](model, random)
    changed = model.SerializeToString()
    return _damaged(changed, random) if random.random() < 0.25 else changed


def _damaged(content: bytes, random: Random) -> bytes:
    """Bytes changed, cut off, or repeated."""
    kind, place = int(random.integers(3)), int(random.integers(len(content)))
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + content[place // 2 :]
    changed = bytearray(content)
    for index in random.integers(len(content), size=int(random.integers(1, 5))):
        changed[index] = int(random.integers(256))
    return bytes(changed)


def _number(model: onnx.ModelProto, random: Random) -> None:
    """A number of a constant."""
    tensor = _one(model.graph.initializer, random)
    if tensor is None or not _is_float(tensor):
        return
    values = np.frombuffer(tensor.raw_data, np.float32).copy()
    if len(values):
        values[random.integers(len(values))] = np.float32(_NUMBERS[int(random.integers(len(_NUMBERS)))])
        tensor.raw_data = values.tobytes()


def _all_numbers(model: onnx.ModelProto, random: Random) -> None:
    """A constant times a factor."""
    tensor = _one(model.graph.initializer, random)
    if tensor is not None and _is_float(tensor):
        factor = np.float32(random.choice([0.3, 0.5, 2.0, -1.0, 1.7, 1e6, 1e-6]))
        tensor.raw_data = (np.frombuffer(tensor.raw_data, np.float32) * factor).tobytes()


def _dimension(model: onnx.ModelProto, random: Random) -> None:
    tensor = _one(model.graph.initializer, random)
    if tensor is not None and tensor.dims:
        tensor.dims[int(random.integers(len(tensor.dims)))] = _size(random)


def _input_size(model: onnx.ModelProto, random: Random) -> None:
    dims = model.graph.input[0].type.tensor_type.shape.dim if model.graph.input else []
    dim = _one(dims, random)
    if dim is not None:
        dim.dim_value = _size(random)


def _data_type(model: onnx.ModelProto, random: Random) -> None:
    tensor = _one(model.graph.initializer, random)
    if tensor is not None:
        tensor.data_type = int(random.integers(0, 24))


def _external(model: onnx.ModelProto, random: Random) -> None:
    tensor = _one(model.graph.initializer, random)
    if tensor is not None:
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", str(random.choice(["../../etc/passwd", "/etc/passwd", "w.bin"]))


def _attribute(model: onnx.ModelProto, random: Random) -> None:
    """A number or word of an attribute."""
    node = _one(model.graph.node, random)
    attribute = _one(node.attribute, random) if node is not None else None
    if attribute is None:
        return
    if attribute.ints:
        attribute.ints[int(random.integers(len(attribute.ints)))] = _size(random)
    attribute.i, attribute.f = _size(random), float(random.choice(_NUMBERS))
    attribute.s = _word(random).encode()


def _new_attribute(model: onnx.ModelProto, random: Random) -> None:
    node = _one(model.graph.node, random)
    if node is not None:
        name = random.choice(["axis", "pads", "ceil_mode", "group", "alpha", "wobble", "perm"])
        node.attribute.append(helper.make_attribute(str(name), _size(random)))


def _wire(model: onnx.ModelProto, random: Random) -> None:
    """An input that comes from elsewhere: another tensor, a later one, or none."""
    node, source = _one(model.graph.node, random), _one(model.graph.node, random)
    if node is None or source is None or not node.input or not source.output:
        return
    name = _word(random) if random.random() < 0.1 else source.output[0]
    node.input[int(random.integers(len(node.input)))] = name


def _rename(model: onnx.ModelProto, random: Random) -> None:
    """A name that collides."""
    node, other = _one(model.graph.node, random), _one(model.graph.node, random)
    if node is not None and other is not None and node.output and other.output:
        node.output[0] = other.output[0]


def _operator(model: onnx.ModelProto, random: Random) -> None:
    node = _one(model.graph.node, random)
    if node is not None:
        node.op_type = str(random.choice(_OPERATORS))


def _insert(model: onnx.ModelProto, random: Random) -> None:
    """A node between a tensor and one of its readers."""
    node = _one(model.graph.node, random)
    if node is not None and node.input:
        place = int(random.integers(len(node.input)))
        name = f"inserted{int(random.integers(1 << 30))}"
        kind = str(random.choice(["Relu", "Identity", "Flatten", "Shape", "Softmax", "GlobalAveragePool"]))
        model.graph.node.append(helper.make_node(kind, [node.input[place]], [name], name))
        node.input[place] = name


def _drop(model: onnx.ModelProto, random: Random) -> None:
    entries = (model.graph.node, model.graph.initializer)[int(random.integers(2))]
    if entries:
        del entries[int(random.integers(len(entries)))]


def _repeat(model: onnx.ModelProto, random: Random) -> None:
    node = _one(model.graph.node, random)
    if node is not None:
        model.graph.node.add().CopyFrom(node)


def _subgraph(model: onnx.ModelProto, random: Random) -> None:
    node = _one(model.graph.node, random)
    if node is not None:
        node.attribute.append(helper.make_attribute("body", helper.make_graph([], "inner", [], [])))


def _opset(model: onnx.ModelProto, random: Random) -> None:
    entry = _one(model.opset_import, random)
    if entry is not None:
        entry.version = int(random.choice([0, 1, 8, 9, 11, 14, 17, 21, 22, 1 << 40]))


MUTATIONS: tuple[Mutation, ...] = (
    _number, _number, _all_numbers, _all_numbers, _dimension, _input_size, _data_type, _external, _attribute,
    _attribute, _new_attribute, _wire, _rename, _operator, _insert, _drop, _repeat, _subgraph, _opset,
)  # fmt: skip


def _one(entries, random: Random):  # type: ignore[no-untyped-def]  # repeated fields have no public type
    """One of a repeated field; None if it is empty."""
    return entries[int(random.integers(len(entries)))] if len(entries) else None


def _is_float(tensor: onnx.TensorProto) -> bool:
    """Numbers that a mutation before this one has left whole."""
    return tensor.data_type == TensorProto.FLOAT and len(tensor.raw_data) % 4 == 0 < len(tensor.raw_data)


def _size(random: Random) -> int:
    return _SIZES[int(random.integers(len(_SIZES)))]


def _word(random: Random) -> str:
    return _WORDS[int(random.integers(len(_WORDS)))]
