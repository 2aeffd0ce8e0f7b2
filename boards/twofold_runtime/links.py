"""What the runtime needs of the way to an accelerator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from twofold_runtime.errors import AcceleratorError


class Buffer:
    """Bytes in memory that the accelerator reaches. address: where the accelerator sees them."""

    address: int
    nbytes: int

    def put(self, content: np.ndarray) -> None:
        """Bytes of the buffer's beginning, for the accelerator to read."""
        raise NotImplementedError

    def get(self, nbytes: int) -> np.ndarray:
        """A copy of the first `nbytes`, as the accelerator has written them."""
        raise NotImplementedError


class Link:
    """The accelerator's registers, 32 bits each, and memory. Raises AcceleratorError if none answers."""

    def read(self, offset: int) -> int:
        raise NotImplementedError

    def write(self, offset: int, value: int) -> None:
        raise NotImplementedError

    def buffer(self, nbytes: int) -> Buffer:
        """New memory; it stays until the link is closed, or the `temporary` block ends."""
        raise NotImplementedError

    def room(self) -> int | None:
        """Bytes that are left for buffers; None where only the operating system knows."""
        return None

    @contextmanager
    def temporary(self) -> Iterator[None]:
        """Buffers that are made inside are gone afterwards."""
        yield

    def close(self) -> None:
        raise NotImplementedError


def check_address(address: int, nbytes: int, memory: dict[str, int]) -> None:
    """Raises AcceleratorError for memory that the accelerator does not reach."""
    first, end = memory["base"], memory["base"] + memory["bytes"]
    if not first <= address <= address + nbytes <= end:
        raise AcceleratorError(
            f"memory: expected {nbytes} bytes between {first:#x} and {end:#x}, which the accelerator "
            f"reaches, found them at {address:#x}; choose a smaller batch, or give Linux more memory there"
        )
