"""Which type of a tensor library holds which integers exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from twofold.network.errors import NetworkError
from twofold.network.graph import Tensor
from twofold.network.ranges import ChannelRange
from twofold.network.types import IntType

#: Types with their significands, whose integers up to 2^bits are all exact.
SIGNIFICANDS = ((24, torch.float32), (53, torch.float64))
BYTE_BITS = 8


def exact_dtype(name: str, field: str, magnitude: float) -> torch.dtype:
    """The narrowest floating-point type that holds every integer up to `magnitude`.

    Raises NetworkError, naming op and field, if none does.
    """
    for bits, dtype in SIGNIFICANDS:
        if magnitude <= 1 << bits:
            return dtype
    raise NetworkError(name, field, "values up to 2^53", f"up to {magnitude:.0f}")


def is_byte(type_: IntType) -> bool:
    """True if a byte holds every code of the type."""
    return type_.bits <= BYTE_BITS


def stored_dtype(tensor: Tensor, range_: ChannelRange) -> torch.dtype:
    """A byte if it holds every code of the tensor's type, else as `exact_dtype` for those in the range."""
    if is_byte(tensor.type):
        return torch.int8 if tensor.type.signed else torch.uint8
    return exact_dtype(tensor.name, "type", float(range_.magnitude.max()))


def stored(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Whole numbers in `dtype`; unsigned bytes by way of 16 bits, for which processors have instructions."""
    by_way = dtype == torch.uint8 and values.is_floating_point()
    return values.to(torch.int16).to(dtype) if by_way else values.to(dtype)


def per_channel(values: npt.NDArray[np.generic], dtype: torch.dtype, ndim: int) -> torch.Tensor:
    """[C] → [1, C, 1, …] of `ndim` dimensions, to broadcast against [N, C, ...]."""
    return torch.tensor(values, dtype=dtype).reshape(1, -1, *([1] * (ndim - 2)))


@contextmanager
def full_precision() -> Iterator[None]:
    """Convolutions and matrix products of float32 in float32, whatever was chosen for the process."""
    library: Any = torch.backends.mkldnn
    backends = (library.conv, library.matmul)
    before = [backend.fp32_precision for backend in backends]
    try:
        for backend in backends:
            backend.fp32_precision = "ieee"
        yield
    finally:
        for backend, chosen in zip(backends, before, strict=True):
            backend.fp32_precision = chosen
