"""What differs from tile to tile: distances that are multiples of a tile's band or of its block.

Tile t works on band t >> blocks_log2 of the output rows, and on block t mod 2^blocks_log2 of the output
group; a multiple of a stride by either is a sum of strides, one for each bit of t that is set.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Array, Module, Mux, Signal, Value


def band_offsets(m: Module, tiles: int, stride: Value, blocks_log2: Value, name: str) -> list[Value]:
    """Each tile's band times `stride`, a cycle later, that of tile 7 two cycles."""
    return _offsets(m, tiles, [_shifted(bit, tiles, stride, blocks_log2) for bit in _bits(tiles)], name)


def block_offsets(
    m: Module, tiles: int, stride: Value, fold_log2: Value, blocks_log2: Value, name: str
) -> list[Value]:
    """Each tile's block in the group, divided by 2^fold_log2, times `stride`, as late as `band_offsets`."""
    bits = _bits(tiles)
    steps = [Mux(bit < blocks_log2, _shifted(bit, tiles, stride, fold_log2), 0) for bit in bits]
    return _offsets(m, tiles, steps, name)


def _bits(tiles: int) -> range:
    return range(tiles.bit_length() - 1)


def _shifted(bit: int, tiles: int, stride: Value, least: Value) -> Value:
    """`stride` · 2^(bit − least), or 0 if `bit` < `least`."""
    return Array(stride << (bit - low) if bit >= low else 0 for low in range(tiles.bit_length()))[least]


def _offsets(m: Module, tiles: int, steps: Sequence[Value], name: str) -> list[Value]:
    offsets: list[Value] = []
    for tile in range(tiles):
        offset = Signal(16, name=f"{name}_{tile}")
        own = [step for bit, step in enumerate(steps) if tile >> bit & 1]
        if len(own) > 2:  # not more than one addition in a cycle
            own = [own[0], offsets[tile & (tile - 1)]]
        m.d.sync += offset.eq(sum(own, start=0))
        offsets.append(offset)
    return offsets


def rotated(values: Sequence[Value], target: int, bank: Value) -> Value:
    """What belongs at `target` if the first of `values` belongs at `bank`; a multiplexer alone."""
    count = len(values)
    return Array(values[(target - first) % count] for first in range(count))[bank]


def low_bits(count: Value, tiles: int) -> Value:
    """2^count − 1, for a count up to log2 of `tiles`; a subtraction would be a carry chain, which synthesis
    then also takes for comparisons with the count."""
    return Array((1 << bits) - 1 for bits in range(tiles.bit_length()))[count]
