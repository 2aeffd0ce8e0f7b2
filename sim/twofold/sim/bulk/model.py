"""A simulated engine in this process: its clock, its memory and its registers by name."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from twofold.errors import UserError
from twofold.plan.schedule import SIMULATED_MEMORY
from twofold.plan.timing.cost import BusTiming
from twofold.rtl.bus.engine_registers import engine_registers
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.cocotb_runner import SimulationError

_SLICE = 1 << 20
"""Cycles between two looks at the clock on the wall, and for a signal such as Ctrl-C."""


class EngineModel:
    """The engine of a library after reset, with `memory` behind its AXI4 master from address 0 on.

    reads, writes: addresses that the engine may reach, by default the whole memory; others are answered
    SLVERR. bus: the memory's latencies; its gap between bursts is 0 whatever the bus says. stalls: share of
    cycles in which a channel pauses, of each one of both ports, drawn with `seed`. waves: a VCD file, for a
    library that was built with waves. A context manager; `close` frees the model.

    clocks: cycles since the model was made. seconds: CPU time that they took.
    """

    def __init__(
        self,
        library: EngineLibrary,
        memory: npt.NDArray[np.uint8],
        *,
        reads: Sequence[range] = (),
        writes: Sequence[range] = (),
        bus: BusTiming = SIMULATED_MEMORY,
        stalls: float = 0.0,
        seed: int = 1,
        waves: Path | None = None,
    ) -> None:
        if waves is not None and not library.waves:
            raise UserError("waves: expected a library that is built with waves=True, got one without")
        self._memory = memory
        self._functions = _functions(library)
        self._registers = engine_registers(1, 1)
        self._bench = self._functions.bench_new()
        self.seconds = 0.0
        pointer = memory.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        self._functions.bench_memory(self._bench, pointer)
        for place, allowed in enumerate((reads, writes)):
            for part in allowed or [range(memory.size)]:
                self._functions.bench_allow(self._bench, place, part.start, min(part.stop, memory.size))
        self._functions.bench_bus(self._bench, bus.read_latency, bus.write_latency, stalls, seed)
        if waves is not None:
            self._functions.bench_trace(self._bench, str(waves).encode())
        self._functions.bench_reset(self._bench)

    def __enter__(self) -> EngineModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._bench:
            self._functions.bench_delete(self._bench)
        self._bench = None

    @property
    def clocks(self) -> int:
        return int(self._functions.bench_clocks(self._bench))

    def write(self, name: str, value: int) -> None:
        """Writes a register. Raises SimulationError for an answer that is an error, or none."""
        answer = self._functions.bench_write(self._bench, self._registers[name].offset, value)
        if answer:
            raise SimulationError(f"{name}: expected a write to be answered OKAY, found {answer}")

    def read(self, name: str) -> int:
        """Reads a register. Raises SimulationError for an answer that is an error, or none."""
        return self._answered(name, self._functions.bench_read(self._bench, self._registers[name].offset))

    def wait(self, name: str, mask: int, limit: int) -> int:
        """Clocks until the register has no bit of `mask`, and returns it.

        Raises SimulationError after `limit` cycles, and if the engine broke a rule of AXI on the way.
        """
        begin, end = time.thread_time(), self.clocks + limit
        value = mask
        while value & mask and self.clocks < end:
            cycles = min(_SLICE, end - self.clocks)
            offset = self._registers[name].offset
            value = self._answered(name, self._functions.bench_wait(self._bench, offset, mask, cycles))
        self.seconds += time.thread_time() - begin
        violation = self._functions.bench_violation(self._bench).decode()
        if violation:
            raise SimulationError(f"the engine's AXI4 master: {violation}")
        if value & mask:
            raise SimulationError(f"{name} is {value:#x} after {limit} cycles, expected {mask:#x} to fall")
        return value

    def _answered(self, name: str, value: int) -> int:
        if value < 0:
            raise SimulationError(f"{name}: expected a read to be answered OKAY, found an error or nothing")
        return int(value)


def _functions(library: EngineLibrary) -> ctypes.CDLL:
    """The library's functions with their types."""
    loaded = ctypes.CDLL(str(library.path))
    bench, word, wide = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
    types: dict[str, tuple[object, list[object]]] = {
        "bench_new": (bench, []),
        "bench_delete": (None, [bench]),
        "bench_reset": (None, [bench]),
        "bench_clocks": (wide, [bench]),
        "bench_violation": (ctypes.c_char_p, [bench]),
        "bench_memory": (None, [bench, ctypes.POINTER(ctypes.c_uint8)]),
        "bench_allow": (None, [bench, ctypes.c_int, wide, wide]),
        "bench_bus": (None, [bench, wide, wide, ctypes.c_double, wide]),
        "bench_write": (ctypes.c_int, [bench, word, word]),
        "bench_read": (ctypes.c_int64, [bench, word]),
        "bench_wait": (ctypes.c_int64, [bench, word, word, wide]),
    }
    if library.waves:
        types["bench_trace"] = (None, [bench, ctypes.c_char_p])
    for name, (result, arguments) in types.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded
