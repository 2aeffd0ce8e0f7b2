"""Reads an ONNX file that nobody vouches for: nothing but the file is opened, sizes are checked first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from twofold.errors import UserError
from twofold.qonnx import wire
from twofold.qonnx.declared_input import declare_input, declared_type
from twofold.qonnx.dialect import CORE_DOMAINS, OLD_DOMAINS, QUANT_DOMAINS, is_known, modernise

MAX_BYTES = 1 << 30
MAX_NODES = 100_000
MAX_RANK = 16
OPSETS = range(9, 22)
_ITEM_BYTES = {
    onnx.TensorProto.FLOAT: (4, "float_data"),
    onnx.TensorProto.DOUBLE: (8, "double_data"),
    onnx.TensorProto.INT32: (4, "int32_data"),
    onnx.TensorProto.INT64: (8, "int64_data"),
    onnx.TensorProto.BOOL: (1, "int32_data"),
    onnx.TensorProto.INT8: (1, "int32_data"),
    onnx.TensorProto.UINT8: (1, "int32_data"),
    onnx.TensorProto.INT16: (2, "int32_data"),
    onnx.TensorProto.UINT16: (2, "int32_data"),
}
_Kind = onnx.AttributeProto
_ATTRIBUTES = (_Kind.FLOAT, _Kind.INT, _Kind.STRING, _Kind.TENSOR, _Kind.FLOATS, _Kind.INTS, _Kind.STRINGS)
_OF_CONSTANTS = {
    "value": _Kind.TENSOR,
    "value_float": _Kind.FLOAT,
    "value_floats": _Kind.FLOATS,
    "value_int": _Kind.INT,
    "value_ints": _Kind.INTS,
}


def read_model(path: Path) -> onnx.ModelProto:
    """The model in `path`, whole, self-contained, with every stored tensor as large as it says.

    Quantisers of older exporters are in QONNX's domain; before the layers that read an input whose annotation
    names a type is a quantiser of that type. Raises UserError, one line, for files that are missing, no ONNX,
    truncated, larger than 1 GiB, of an unknown operator set, or that have subgraphs, functions, sparse
    tensors or data in other files.
    """
    try:
        model = _parse(_content(path))
        _check_model(model)
        modernise(model)
        type_ = declared_type(model.graph)
        if type_ is not None:
            declare_input(model, type_)
    except (_UnreadableError, UserError) as error:
        raise UserError(f"{path}: {printable(str(error))}") from None
    return model


def metadata_of(path: Path) -> Mapping[str, str]:
    """The metadata of the model in `path`, by key. Raises UserError as `read_model`."""
    return {item.key: item.value for item in read_model(path).metadata_props}


def printable(text: str) -> str:
    """`text` in one line; control characters, which names in a file may hold, as escapes."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


class _UnreadableError(Exception):
    """Why a file cannot be read; the path is put in front of it."""


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            found = "a folder without model.onnx" if path.is_dir() else "no file"
            raise _UnreadableError(
                f"expected an ONNX file, found {found}; those that come with twofold have the names that "
                "twofold models lists"
            )
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _UnreadableError(f"expected at most {MAX_BYTES} bytes, found {size}")
        return path.read_bytes()
    except OSError as error:
        raise _UnreadableError(f"cannot be read: {error.strerror}") from error


def _parse(data: bytes) -> onnx.ModelProto:
    fault = wire.fault(data)
    if fault is not None:
        raise _UnreadableError(fault)
    try:
        return onnx.ModelProto.FromString(data)
    except DecodeError:
        raise _UnreadableError("not an ONNX file, or a damaged one: its graph cannot be decoded") from None


def _check_model(model: onnx.ModelProto) -> None:
    graph = model.graph
    # The protobuf library hands out text that is no UTF-8 as bytes, which no later step expects.
    if any(isinstance(text, bytes) for text in _texts(model)):
        raise _UnreadableError("a damaged ONNX file: one of its names is not UTF-8 text")
    _check_opsets(model)
    if not graph.node:
        raise _UnreadableError("expected a graph with nodes, found none")
    if len(graph.node) > MAX_NODES:
        raise _UnreadableError(f"expected at most {MAX_NODES} nodes, found {len(graph.node)}")
    for what, found in (
        ("functions", model.functions),
        ("training information", model.training_info),
        ("sparse tensors", graph.sparse_initializer),
    ):
        if found:
            raise _UnreadableError(f"{what} are not supported; export a plain inference graph")
    for tensor in graph.initializer:
        _check_tensor(tensor, f"initializer {tensor.name!r}")
    for node in graph.node:
        _check_node(node)


def _texts(model: onnx.ModelProto) -> Iterator[str | bytes]:
    """Every name that is used later."""
    graph = model.graph
    yield graph.name
    yield from (entry.domain for entry in model.opset_import)
    for named in (*graph.initializer, *graph.input, *graph.output):
        yield named.name
    for annotation in graph.quantization_annotation:
        yield annotation.tensor_name
        for entry in annotation.quant_parameter_tensor_names:
            yield from (entry.key, entry.value)
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield from (attribute.name, attribute.ref_attr_name)


def _check_opsets(model: onnx.ModelProto) -> None:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    core = {domain: version for domain, version in versions.items() if domain in CORE_DOMAINS}
    if not core:
        raise _UnreadableError("expected an import of the ONNX operator set, found none")
    for version in core.values():
        if version not in OPSETS:
            raise _UnreadableError(f"expected ONNX operator set {OPSETS[0]} to {OPSETS[-1]}, found {version}")


def _check_node(node: onnx.NodeProto) -> None:
    label = f"{node.op_type} {node.name or ', '.join(node.output)!r}"
    # The executor imports a Python module of the domain's name, so an unknown one must not get that far.
    if not is_known(node.domain):
        domains = ", ".join(repr(domain) for domain in CORE_DOMAINS + QUANT_DOMAINS + OLD_DOMAINS)
        raise _UnreadableError(f"{label}: domain: found {node.domain!r}, supported: {domains}")
    for name, count in Counter(attribute.name for attribute in node.attribute).items():
        if count > 1:
            raise _UnreadableError(f"{label}: attribute {name}: expected once, found {count} times")
    for attribute in node.attribute:
        supported: tuple[Any, ...] = _ATTRIBUTES
        if node.op_type == "Constant" and attribute.name in _OF_CONSTANTS:
            supported = (_OF_CONSTANTS[attribute.name],)
        _check_attribute(attribute, supported, f"{label}: attribute {attribute.name}")


def _check_attribute(attribute: onnx.AttributeProto, supported: tuple[Any, ...], label: str) -> None:
    """supported: types."""
    if attribute.type in (_Kind.GRAPH, _Kind.GRAPHS):
        raise _UnreadableError(f"{label}: nested graphs are not supported")
    if attribute.ref_attr_name:
        raise _UnreadableError(f"{label}: references are not supported")
    if attribute.type not in supported:
        names = ", ".join(map(_Kind.AttributeType.Name, supported))
        found = _name(_Kind.AttributeType, attribute.type)
        raise _UnreadableError(f"{label}: type: found {found}, supported: {names}")
    if attribute.type == _Kind.TENSOR:
        _check_tensor(attribute.t, label)


def _check_tensor(tensor: onnx.TensorProto, label: str) -> None:
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise _UnreadableError(f"{label}: its data are in another file; save the model with the data inside")
    if tensor.data_type not in _ITEM_BYTES:
        names = ", ".join(onnx.TensorProto.DataType.Name(kind) for kind in _ITEM_BYTES)
        raise _UnreadableError(
            f"{label}: data type: found {_name(onnx.TensorProto.DataType, tensor.data_type)}, "
            f"supported: {names}"
        )
    if tensor.HasField("segment"):
        raise _UnreadableError(f"{label}: its data are in segments; save the model with each tensor whole")
    if any(size < 0 for size in tensor.dims):
        raise _UnreadableError(f"{label}: expected sizes of at least 0, found {list(tensor.dims)}")
    item_bytes, field = _ITEM_BYTES[tensor.data_type]
    stored = len(tensor.raw_data) // item_bytes if tensor.raw_data else len(getattr(tensor, field))
    if len(tensor.raw_data) % item_bytes or stored != math.prod(tensor.dims):
        raise _UnreadableError(
            f"{label}: its shape {list(tensor.dims)} does not fit the {stored} numbers stored"
        )
    if len(tensor.dims) > MAX_RANK or math.prod(max(size, 1) for size in tensor.dims) > MAX_BYTES:
        raise _UnreadableError(
            f"{label}: expected at most {MAX_RANK} dimensions and {MAX_BYTES} numbers, found "
            f"{len(tensor.dims)} dimensions, {list(tensor.dims[:MAX_RANK])}"
        )


def _name(kinds: Any, kind: int) -> str:
    """Of a member of an enumeration of ONNX; its number if it has none."""
    return str(kinds.Name(kind)) if kind in kinds.values() else str(kind)
