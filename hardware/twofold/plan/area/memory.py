"""Block RAMs of a memory on the 7 series."""

from __future__ import annotations

from twofold.rtl.deep_memory import depth_parts

_WIDTHS = {512: 36, 1024: 18, 2048: 9, 4096: 4, 8192: 2, 16384: 1}
"""Bits of a word that half a block RAM holds, by depth, one port reading and one writing (AMD UG473)."""


def block_rams(depth: int, width: int) -> float:
    """Blocks of 36 Kbit, in halves, for a memory with one read and one write port, `DeepMemory`."""
    return sum(_part(words, width) for words in depth_parts(depth))


def _part(depth: int, width: int) -> float:
    """In the shape of which fewest are needed, rows of them behind a multiplexer included."""
    halves = min(-(-width // bits) * -(-depth // words) for words, bits in _WIDTHS.items())
    return halves / 2
