"""Overlay, MMIO, PL and allocate on a simulated engine, so that a board's runtime runs unmodified.

The runtime is blocking code: it runs under `cocotb.task.bridge` in a thread of its own, and each register
access goes through `resume` to the AXI4-Lite master. Buffers are NumPy arrays apart from the
simulated memory; only `flush` and `invalidate` copy, as on a board whose caches are not coherent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from cocotb.task import resume
from cocotbext.axi import AxiLiteMaster, AxiResp
from cocotbext.axi.memory import Memory

BASE_ADDRESS = 0x43C0_0000
ADDRESS_RANGE = 0x1000
FIRST_BUFFER = 0x0010_0000
PAGE = 4096


class Board:
    """What the four names of one simulated board share.

    master: the engine's registers; memory: what its AXI4 master reads and writes; ip: the engine's
    name in the overlay.
    """

    def __init__(self, master: AxiLiteMaster, memory: Memory, ip: str):
        self.master, self.memory, self.ip = master, memory, ip
        self._next = FIRST_BUFFER

    def overlay(self, bitstream: str, **_: Any) -> SimpleNamespace:
        """`Overlay`: knows the engine only. The file must exist, its content is not used."""
        if not Path(bitstream).is_file():
            raise OSError(f"Bitstream file {bitstream} does not exist")
        entry = {"phys_addr": BASE_ADDRESS, "addr_range": ADDRESS_RANGE}
        return SimpleNamespace(ip_dict={self.ip: entry}, bitfile_name=bitstream)

    @property
    def pl(self) -> SimpleNamespace:
        """`PL` after the board was switched on."""
        return SimpleNamespace(bitfile_name=None)

    def mmio(self, base_addr: int, length: int = 4) -> Mmio:
        """`MMIO`: only the engine's registers are mapped."""
        if (base_addr, length) != (BASE_ADDRESS, ADDRESS_RANGE):
            raise ValueError(f"nothing is mapped at {base_addr:#x}, {length} bytes")
        return Mmio(self.master)

    def allocate(self, shape: int | tuple[int, ...], dtype: Any = "u4", **_: Any) -> Buffer:
        """`allocate`: a buffer at the start of a page, with random bytes in memory as on a board."""
        buffer = np.zeros(shape, dtype).view(Buffer)
        buffer.memory, buffer.device_address = self.memory, self._next
        self.memory.write(self._next, np.random.default_rng(self._next).bytes(buffer.nbytes))
        self._next += -(-max(buffer.nbytes, 1) // PAGE) * PAGE
        return buffer


class Buffer(np.ndarray):
    """A NumPy array with an address in the simulated memory."""

    memory: Memory | None = None
    device_address: int = 0

    @property
    def physical_address(self) -> int:
        return self.device_address

    def flush(self) -> None:
        """Array → memory."""
        self._memory().write(self.device_address, self.tobytes())

    def invalidate(self) -> None:
        """Memory → array."""
        content = self._memory().read(self.device_address, self.nbytes)
        self[...] = np.frombuffer(bytes(content), self.dtype).reshape(self.shape)

    def _memory(self) -> Memory:
        if self.memory is None:
            raise ValueError("only whole buffers have an address")
        return self.memory


class Mmio:
    """Reads and writes of 32-bit registers; each takes simulated time."""

    def __init__(self, master: AxiLiteMaster):
        self._master = master

    def read(self, offset: int = 0, length: int = 4) -> int:
        if length != 4 or offset % 4 or not 0 <= offset < ADDRESS_RANGE:
            raise ValueError(f"expected a 32-bit register, found offset {offset:#x}, {length} bytes")
        answer = resume(self._master.read)(offset, 4)
        return int.from_bytes(_checked(answer, offset).data, "little")

    def write(self, offset: int, data: int) -> None:
        if offset % 4 or not 0 <= offset < ADDRESS_RANGE or not 0 <= data < 1 << 32:
            raise ValueError(f"expected a 32-bit register and value, found offset {offset:#x}, {data:#x}")
        _checked(resume(self._master.write)(offset, data.to_bytes(4, "little")), offset)


def _checked(answer: Any, offset: int) -> Any:
    """A bus error ends the process on a board; here it raises OSError."""
    if answer.resp != AxiResp.OKAY:
        raise OSError(f"bus error at offset {offset:#x}: {answer.resp.name}")
    return answer


@contextmanager
def installed(board: Board) -> Iterator[None]:
    """While this lasts, `import pynq` gives the four names of `board`."""
    module = ModuleType("pynq")
    vars(module).update(Overlay=board.overlay, MMIO=board.mmio, PL=board.pl, allocate=board.allocate)
    before = sys.modules.get("pynq")
    sys.modules["pynq"] = module
    try:
        yield
    finally:
        del sys.modules["pynq"]
        if before is not None:
            sys.modules["pynq"] = before
