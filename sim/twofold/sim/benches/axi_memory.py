"""A memory on AXI4 that stalls, that answers some addresses with errors, and that watches the master."""

from __future__ import annotations

import random
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiRamRead, AxiRamWrite
from cocotbext.axi.memory import Memory

BOUNDARY = 4096


def stalls(share: float) -> Iterator[bool]:
    """Random pauses for a channel: True in about `share` of the cycles, by the seed of the bench."""
    generator = random.Random(random.getrandbits(32))
    while True:
        yield generator.random() < share


@dataclass(frozen=True)
class Outside:
    """All addresses that are in none of the ranges."""

    ranges: tuple[range, ...]

    def __contains__(self, address: object) -> bool:
        return not any(address in one for one in self.ranges)


class FaultyReads(AxiRamRead):
    """Reads of a word whose address is in `faulty` are answered SLVERR."""

    faulty: Container[int] = ()

    async def _read(self, address: int, length: int) -> bytes:
        if address in self.faulty:
            raise OSError(f"no memory at {address:#x}")
        return await super()._read(address, length)


class FaultyWrites(AxiRamWrite):
    """Writes of a word whose address is in `faulty` are answered SLVERR."""

    faulty: Container[int] = ()

    async def _write(self, address: int, data: bytes) -> None:
        if address in self.faulty:
            raise OSError(f"no memory at {address:#x}")
        await super()._write(address, data)


class AddressWatch:
    """Records the bursts of an address channel and checks AXI's rules for it.

    bursts: (address, beats) in order. Raises AssertionError if an offer changes before it is taken,
    crosses a 4 KiB boundary, is longer than `max_burst` beats, or is not INCR of 8 bytes a beat.
    """

    def __init__(self, clock: Any, bus: Any, prefix: str, max_burst: int):
        self.bursts: list[tuple[int, int]] = []
        self._clock, self._max_burst = clock, max_burst
        self._names = ("addr", "len", "size", "burst")
        self._signals = {name: getattr(bus, f"{prefix}{name}") for name in (*self._names, "valid", "ready")}

    async def watch(self) -> None:
        offered = None
        while True:
            await RisingEdge(self._clock)
            if not int(self._signals["valid"].value):
                assert offered is None, f"the offer {offered} was withdrawn"
                continue
            offer = tuple(int(self._signals[name].value) for name in self._names)
            assert offered in (None, offer), f"the offer {offered} became {offer} before it was taken"
            offered = offer
            if int(self._signals["ready"].value):
                self._take(*offer)
                offered = None

    def _take(self, address: int, length: int, size: int, burst: int) -> None:
        beats = length + 1
        assert (size, burst) == (3, 1), f"expected INCR bursts of 8 bytes a beat, found {size=} {burst=}"
        assert beats <= self._max_burst, f"a burst of {beats} beats"
        assert address // BOUNDARY == (address + 8 * beats - 1) // BOUNDARY, f"{address:#x} + {beats} beats"
        self.bursts.append((address, beats))


def fill(memory: Memory, address: int, beats: int) -> list[int]:
    """Puts random words there and returns them."""
    words = [random.getrandbits(64) for _ in range(beats)]
    memory.write_qwords(address, words)
    return words
