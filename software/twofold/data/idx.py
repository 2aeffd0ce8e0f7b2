"""The idx format of MNIST and Fashion-MNIST, plain or gzip-compressed."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twofold.errors import UserError

_UNSIGNED_BYTES = 0x08


def read_idx(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """The array in an idx file of unsigned bytes: two zero bytes, type, rank, sizes, values, all big-endian.

    dimensions: rank that the file must have. Raises UserError for another magic number, another rank, and
    a file that is shorter or longer than its sizes say.
    """
    content = _content(path)
    header = 4 + 4 * dimensions
    magic = bytes([0, 0, _UNSIGNED_BYTES, dimensions])
    if content[:4] != magic:
        raise UserError(f"{path}: expected the idx magic number {magic.hex()}, found {content[:4].hex()}")
    if len(content) < header:
        raise UserError(f"{path}: truncated, expected a header of {header} bytes, found {len(content)}")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    expected = header + math.prod(shape)
    if len(content) != expected:
        what = "truncated, " if len(content) < expected else ""
        raise UserError(
            f"{path}: {what}expected {expected} bytes for shape {list(shape)}, found {len(content)}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        return gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path}: expected a whole gzip file, got: {error}; download it again") from error
