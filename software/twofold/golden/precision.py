"""Which floating-point type holds which integers exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from twofold.network.errors import NetworkError

#: Types with their significands, whose integers up to 2^bits are all exact.
SIGNIFICANDS = ((24, torch.float32), (53, torch.float64))


def exact_dtype(name: str, field: str, magnitude: float) -> torch.dtype:
    """The narrowest type that holds every integer up to `magnitude`.

    Raises NetworkError, naming op and field, if none does.
    """
    for bits, dtype in SIGNIFICANDS:
        if magnitude <= 1 << bits:
            return dtype
    raise NetworkError(name, field, "values up to 2^53", f"up to {magnitude:.0f}")


#: Precisions of products: operands as they are, or in bfloat16, whose 8-bit significand holds integers up to
#: NARROW_MAX exactly. Sums are in float32 either way.
FULL, NARROW = "ieee", "bf16"
NARROW_MAX = 1 << 8


@contextmanager
def products_in(precision: str) -> Iterator[None]:
    """Convolutions and matrix products in `precision`, whatever was chosen for the process."""
    library: Any = torch.backends.mkldnn
    backends = (library.conv, library.matmul)
    before = [backend.fp32_precision for backend in backends]
    try:
        for backend in backends:
            backend.fp32_precision = precision
        yield
    finally:
        for backend, chosen in zip(backends, before, strict=True):
            backend.fp32_precision = chosen
