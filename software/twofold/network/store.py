"""Networks on disk: one .npz file with a JSON header, nothing that executes on loading."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from twofold.errors import UserError
from twofold.files import atomic_path
from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import ALL_OPS, Op
from twofold.network.types import IntType
from twofold.network.verify import verify

FORMAT = "twofold network 1"
MAX_BYTES = 1 << 31
_HEADER = "header"
# What zipfile, zlib, NumPy, json and our own types raise for a file of another kind, or a damaged one.
_FOREIGN = (
    OSError, BadZipFile, zlib.error, EOFError, NotImplementedError, RecursionError, MemoryError,
    ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip


def to_parts(network: Network) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The network as a JSON header and the arrays that it names."""
    arrays: dict[str, np.ndarray] = {}
    header = {
        "format": FORMAT,
        "name": network.name,
        "input": network.input_name,
        "output": network.output_name,
        "tensors": [_tensor_to_json(tensor) for tensor in network.tensors.values()],
        "ops": [_op_to_json(op, index, arrays) for index, op in enumerate(network.ops)],
    }
    return header, arrays


def save(network: Network, path: Path) -> None:
    """Writes `network` to `path` (.npz), whole or not at all."""
    header, arrays = to_parts(network)
    arrays[_HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> Network:
    """Reads and verifies a network. Raises UserError for files that `save` did not write."""
    try:
        arrays = _arrays(path)
        header = json.loads(arrays.pop(_HEADER).tobytes())
        if header["format"] != FORMAT:
            raise UserError(f"{path}: expected the format {FORMAT!r}, found {header['format']!r}")
        return verify(_network(header, arrays))
    except _FOREIGN as error:
        reason = " ".join(f"{type(error).__name__} {error}".split())
        raise UserError(f"{path}: expected a network written by twofold, found {reason}") from error


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an archive. Raises ValueError if they would fill more memory than any network."""
    with ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_BYTES:
        raise ValueError(f"{size} bytes, more than {MAX_BYTES}")
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _network(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Network:
    return Network.of(
        header["name"],
        [_tensor_from_json(entry) for entry in header["tensors"]],
        [_op_from_json(entry, arrays) for entry in header["ops"]],
        header["input"],
        header["output"],
    )


def _tensor_to_json(tensor: Tensor) -> dict[str, Any]:
    type_ = tensor.type
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "signed": type_.signed,
        "bits": type_.bits,
        "scale": [type_.scale.mantissa, type_.scale.exponent],
        "zero_point": type_.zero_point,
    }


def _tensor_from_json(entry: dict[str, Any]) -> Tensor:
    type_ = IntType(entry["signed"], entry["bits"], Dyadic(*entry["scale"]), entry["zero_point"])
    return Tensor(entry["name"], tuple(entry["shape"]), type_)


def _op_to_json(op: Op, index: int, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": op.kind}
    for field in fields(op):
        value = getattr(op, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{index}.{field.name}"] = value
            entry[field.name] = {"array": f"{index}.{field.name}"}
        else:
            entry[field.name] = value
    return entry


def _op_from_json(entry: dict[str, Any], arrays: dict[str, np.ndarray]) -> Op:
    kinds = {kind.__name__: kind for kind in ALL_OPS}
    values: dict[str, Any] = {
        name: arrays[value["array"]]
        if isinstance(value, dict)
        else tuple(value)
        if isinstance(value, list)
        else value
        for name, value in entry.items()
        if name != "kind"
    }
    return kinds[entry["kind"]](**values)
