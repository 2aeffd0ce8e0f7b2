"""The outermost layer of a serialised ONNX model, walked without building anything.

A protobuf message is a row of fields: a tag (field number and wire type) and a value. Truncated and
foreign files break this row, and the walk says where, which the protobuf library does not.
"""

from __future__ import annotations

from collections.abc import Iterator

GRAPH_FIELD = 7
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KNOWN_FIELDS = {1: _VARINT, 2: _BYTES, 3: _BYTES, 4: _BYTES, 5: _VARINT, 6: _BYTES, GRAPH_FIELD: _BYTES} | {
    8: _BYTES, 14: _BYTES, 20: _BYTES, 25: _BYTES, 26: _BYTES,
}  # fmt: skip


def fault(data: bytes) -> str | None:
    """What keeps `data` from being a model at the outermost layer; None if nothing does."""
    if not data:
        return "the file is empty"
    try:
        fields = set(_fields(memoryview(data)))
    except EOFError as error:
        return str(error)
    except ValueError as error:
        return f"not an ONNX file: {error}"
    return None if GRAPH_FIELD in fields else "not an ONNX model: it holds no graph"


def _fields(data: memoryview) -> Iterator[int]:
    """The field numbers in order. Raises ValueError for foreign fields, EOFError for cut values."""
    position = 0
    while position < len(data):
        start = position
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if _KNOWN_FIELDS.get(number) != wire_type:
            raise ValueError(f"byte {start} starts no field of a model")
        length, position = _varint(data, position)
        if wire_type == _BYTES:
            position += length
            if position > len(data):
                missing = position - len(data)
                raise EOFError(
                    f"the file is truncated: it ends {missing} bytes before its field {number} does"
                )
        yield number


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """A little-endian base-128 number and the position after it."""
    value = 0
    for index in range(10):
        if position + index >= len(data):
            raise EOFError("the file is truncated: it ends inside a number")
        byte = data[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise ValueError(f"byte {position} starts no number")
