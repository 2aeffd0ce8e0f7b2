"""An accelerator beside a processor that runs PYNQ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pynq import MMIO, PL, Overlay, allocate

from twofold_runtime.bundle import Bundle
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.links import Buffer, Link, check_address


class PynqBuffer(Buffer):
    """What `allocate` gives; only `flush` and `invalidate` bring caches and memory together."""

    def __init__(self, nbytes: int, memory: dict[str, int]):
        self._array = allocate(shape=(nbytes,), dtype="u1")
        self.address, self.nbytes = int(self._array.device_address), nbytes
        check_address(self.address, nbytes, memory)
        # Dirty cache lines of the new buffer must not be written back over the accelerator's results.
        self._array.flush()

    def put(self, content: np.ndarray) -> None:
        self._array[: content.size] = content.reshape(-1)
        self._array.flush()

    def get(self, nbytes: int) -> np.ndarray:
        self._array.invalidate()
        return np.array(self._array[:nbytes])


class PynqLink(Link):
    """Loads the bitstream. Raises AcceleratorError if it holds no accelerator."""

    def __init__(self, bundle: Bundle):
        self._memory = bundle.manifest["memory"]
        _forget(bundle.bitstream)
        self._overlay = Overlay(str(bundle.bitstream))
        self._mmio = _register_window(self._overlay, bundle.manifest["ip"])

    def read(self, offset: int) -> int:
        return int(self._mmio.read(offset))

    def write(self, offset: int, value: int) -> None:
        self._mmio.write(offset, value)

    def buffer(self, nbytes: int) -> PynqBuffer:
        return PynqBuffer(nbytes, self._memory)

    def close(self) -> None:
        """Buffers are freed with their arrays."""


def _forget(bitstream: Path) -> None:
    """Lets PYNQ read the hand-off file, and with it the clock, of a bitstream that replaced one of its path.

    PYNQ 3.0 and 3.1 take what they kept of the last bitstream for any other whose bytes are now in its file,
    and fail if that file is gone (Xilinx/PYNQ, issue 1409).
    """
    try:
        last = PL.bitfile_name
        known = bool(last) and Path(last).resolve() == bitstream.resolve()
    except FileNotFoundError:
        known = True
    if known:
        PL.reset()


def _register_window(overlay: Any, ip: str) -> Any:
    if ip not in overlay.ip_dict:
        raise AcceleratorError(f"the bitstream: expected an IP named {ip}, found {sorted(overlay.ip_dict)}")
    entry = overlay.ip_dict[ip]
    return MMIO(entry["phys_addr"], entry["addr_range"])
