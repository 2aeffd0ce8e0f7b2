"""What differs from tile to tile: distances that are multiples of a tile's band or of its block.

Tile t works on band t >> blocks_log2 of the output rows, and on block t mod 2^blocks_log2 of the output
group; a multiple of a stride by either is a sum of strides, one for each bit of t that is set.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Array, Module, Mux, Signal, Value


def band_offsets(m: Module, tiles: int, stride: Value, blocks_log2: Value, name: str) -> list[Value]:
    """Each tile's band times `stride`, a cycle later, those of tiles with three or four bits two cycles."""
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
        match len(own):  # not more than one addition in a cycle
            case 3:
                own = [own[0], offsets[tile & (tile - 1)]]
            case 4:
                own = [offsets[tile & 0b0011], offsets[tile & 0b1100]]
        m.d.sync += offset.eq(sum(own, start=0))
        offsets.append(offset)
    return offsets


def rotated(m: Module, values: Sequence[Value], bank: Value, name: str) -> list[Value]:
    """What belongs at each place if the first of `values` belongs at `bank`; multiplexers alone.

    Of eight values a bit takes two LUTs. Sixteen are moved by a multiple of four places and then by the rest,
    which takes two as well, in place of four.
    """
    if len(values) <= 8:
        return _moved(values, bank)
    near: list[Value] = []
    for place, moved in enumerate(_moved(values, bank[2:], 4)):
        near.append(Signal(len(moved), name=f"{name}_near_{place}"))
        m.d.comb += near[-1].eq(moved)
    return _moved(near, bank[:2])


def _moved(values: Sequence[Value], steps: Value, step: int = 1) -> list[Value]:
    """The values, each `steps` times `step` places further, around the end."""
    places, count = range(len(values)), min(1 << len(steps), len(values))
    return [Array(values[(at - move * step) % len(values)] for move in range(count))[steps] for at in places]


def low_bits(count: Value, tiles: int) -> Value:
    """2^count − 1, for a count up to log2 of `tiles`; a subtraction would be a carry chain, which synthesis
    then also takes for comparisons with the count."""
    return Array((1 << bits) - 1 for bits in range(tiles.bit_length()))[count]
