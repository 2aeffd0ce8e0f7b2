"""The engine's instructions: 64 bytes each, eight little-endian 64-bit words.

A program is setup instructions, one FRAME, the instructions of a frame, and END; END goes back to
FRAME until all frames are done. Instructions execute one after the other, each to its end, but for three:
PREFETCH only begins its transfer, STORE ends when all its words are read from the chip, and LAYER ends
`early` cycles before its last result is stored. What needs the bus's reads or writes next waits for them, END
for both.
Strides and addresses count memory words and wrap modulo 2^16, so a stride may be negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from amaranth.hdl import Const, Shape, Value, signed, unsigned
from amaranth.lib import data

INSTRUCTION_BYTES = 64
WORDS = INSTRUCTION_BYTES // 8
ADDRESS_BITS = 16
WINDOW_BITS = 6
"""Of strides and dilations, and of kernel sizes without `Feature.LARGE_WINDOWS`."""
TAP_BITS = 8
"""Of kernel sizes."""
BANK_BITS = 4
"""Of banks of memory, which are counted modulo their number."""
COUNT_BITS = 5
"""Of numbers of tiles and of blocks, up to TILES_MAX."""
TILES_MAX = 1 << BANK_BITS

PART_BITS = 4
"""Of the sweeps of one tap."""
EARLY_MAX = 10
"""Cycles by which a LAYER may begin before the last result of the one before is stored: the requantiser needs
the old parameters until then."""


class Opcode(IntEnum):
    END = 0
    FRAME = 1
    LOAD = 2
    STORE = 3
    LAYER = 4
    PREFETCH = 5


class Memory(IntEnum):
    """On-chip memories that LOAD writes (all but SUMS) and STORE reads (ACTIVATIONS and SUMS); PREFETCH
    writes ACTIVATIONS only, while layers execute."""

    ACTIVATIONS = 0
    WEIGHTS = 1
    PARAMETERS = 2
    SUMS = 3


class Base(IntEnum):
    """What a transfer's byte offset is added to.

    OUTPUT is where the frame's results go; INPUT is the next frame that is to be loaded: the first one before
    FRAME, within a frame the one after it. Each moves by its stride.
    """

    MODEL = 0
    INPUT = 1
    OUTPUT = 2


class Output(IntEnum):
    """Where a layer's sums go: they stay in the memory of sums, or to activations through a requantiser."""

    SUMS = 0
    MULTIPLY = 1
    THRESHOLD = 2


LANES_PE = 0
"""Value of `pe` for the path without multiplication; kind k of the geometry has the value k + 1."""

_OPCODE = {"opcode": unsigned(4)}

TRANSFER = data.StructLayout(
    {
        **_OPCODE,
        "memory": unsigned(2),
        "base": unsigned(2),
        "offset": unsigned(32),  # bytes, a multiple of 8
        "words": unsigned(16),
        "address": unsigned(ADDRESS_BITS),
        "bank": unsigned(BANK_BITS),
        "bank_step": unsigned(COUNT_BITS),
        "band_words": unsigned(16),
    }
)
"""LOAD, PREFETCH and STORE: `words` memory words between `base + offset` and `address` of `bank` on the chip.

After every `band_words` words activations go on at `address` of the bank that is `bank_step` further.
Weights go to all banks that differ from `bank` by multiples of `bank_step`.
"""

TRANSFER_WORDS_MAX = (1 << 16) - 1
BLOCKS_MAX = (1 << 8) - 1

LAYER = data.StructLayout(
    {
        **_OPCODE,
        "pe": unsigned(2),
        "accumulation": unsigned(1),  # partial_sums.Accumulation
        "output": unsigned(2),
        # how the lanes of the first and of the other input blocks are read; the shifts are for LANES_PE only
        "signed_first": unsigned(1),
        "signed_rest": unsigned(1),
        "shift_first": unsigned(3),
        "shift_rest": unsigned(3),
        "pad": signed(9),
        "clamp_lo": signed(9),
        "clamp_hi": signed(9),
        "zero_point": signed(9),
        # how tiles share the work: log2 of the tiles that share a band of rows, their blocks
        "blocks_log2": unsigned(3),
        "tile_blocks": unsigned(COUNT_BITS),
        "last_blocks": unsigned(COUNT_BITS),
        # the loop nest: groups of output blocks, input blocks, taps, rows, columns
        "out_groups": unsigned(8),
        "in_blocks": unsigned(8),
        "taps_y": unsigned(TAP_BITS),
        "taps_x": unsigned(TAP_BITS),
        "out_height": unsigned(11),
        "out_width": unsigned(11),
        # where the taps are read: coordinates decide what is padding, addresses step beside them
        "in_height": unsigned(11),
        "in_width": unsigned(11),
        "origin_y": signed(12),
        "origin_x": signed(8),
        "stride_y": unsigned(WINDOW_BITS),
        "stride_x": unsigned(WINDOW_BITS),
        "dilation_y": unsigned(WINDOW_BITS),
        "dilation_x": unsigned(WINDOW_BITS),
        "tile_rows": unsigned(11),  # from the first row of a tile's band to that of the next tile's
        "in_base": unsigned(ADDRESS_BITS),  # of the first row of a band, column 0
        "in_band_words": unsigned(ADDRESS_BITS + 1),
        "in_fold": unsigned(3),  # log2 of the banks from one band to the next
        "in_bank": unsigned(BANK_BITS),  # of row origin_y
        "in_row": unsigned(ADDRESS_BITS),  # words from the first row of its band to row origin_y
        "in_block_stride": unsigned(ADDRESS_BITS),
        "in_out_stride": unsigned(ADDRESS_BITS),  # step of in_base from output group to output group
        "row_stride": unsigned(ADDRESS_BITS),  # stride_y rows: words within a band
        "row_banks": unsigned(BANK_BITS),  # and whole bands
        "tap_stride": unsigned(ADDRESS_BITS),  # dilation_y rows
        "tap_banks": unsigned(BANK_BITS),
        # where results go
        "out_base": unsigned(ADDRESS_BITS),
        "out_band_words": unsigned(ADDRESS_BITS + 1),
        "out_fold": unsigned(3),
        "out_bank": unsigned(BANK_BITS),
        "out_row": unsigned(ADDRESS_BITS),
        "out_group_stride": unsigned(ADDRESS_BITS),
        "sums_base": unsigned(ADDRESS_BITS),
        "sums_group_stride": unsigned(ADDRESS_BITS),
        "weight_base": unsigned(ADDRESS_BITS),
        "parameter_base": unsigned(ADDRESS_BITS),
        "chained": unsigned(1),  # sweeps of one pixel follow each other without an interval, for LANES_PE
        "parts": unsigned(PART_BITS + 1),  # sweeps of each tap, for kinds with fewer inputs than lanes
        "doubled": unsigned(1),  # two columns and two rows read the same pixel
        "early": unsigned(4),  # cycles by which the next LAYER begins before the last result is stored
        "paired": unsigned(1),  # every second group is computed with the one before, by `Geometry.beside`
    }
)
"""One layer, or some of its rows: for each output group, input block, tap and part of its inputs, a sweep.

Of a paired layer two groups share these sweeps, and the second one takes another in which its sums come."""


def layer_of(instruction: Value, tiles: int) -> data.View:
    """The LAYER in an instruction as an engine of so many tiles reads it: of numbers of tiles and blocks, and
    of their logarithms, only the bits that it needs, so that a small one has no logic for the others."""
    kept = Const(~_beyond(tiles) & (1 << LAYER.size) - 1, LAYER.size)
    return data.View(LAYER, instruction[: LAYER.size] & kept)


def names_more(instruction: Value, tiles: int) -> Value:
    """Whether the LAYER in an instruction has other bits than `layer_of` keeps."""
    return (instruction[: LAYER.size] & Const(_beyond(tiles), LAYER.size)).any()


def _beyond(tiles: int) -> int:
    """The bits of a LAYER that are 0 in all programs for so many tiles."""
    counts, logarithms = tiles.bit_length(), (tiles.bit_length() - 1).bit_length()
    needed = dict.fromkeys(("tile_blocks", "last_blocks"), counts)
    needed |= dict.fromkeys(("blocks_log2", "in_fold", "out_fold"), logarithms)
    fields = ((LAYER[name], bits) for name, bits in needed.items())
    return sum((1 << field.width) - (1 << bits) << field.offset for field, bits in fields)


LAYOUTS: Mapping[Opcode, data.StructLayout] = {
    Opcode.END: data.StructLayout(_OPCODE),
    Opcode.FRAME: data.StructLayout(_OPCODE),
    Opcode.LOAD: TRANSFER,
    Opcode.STORE: TRANSFER,
    Opcode.LAYER: LAYER,
    Opcode.PREFETCH: TRANSFER,
}


def encode(opcode: Opcode, fields: Mapping[str, int]) -> bytes:
    """The 64 bytes of an instruction.

    Raises ValueError for unknown and missing fields and for values that do not fit.
    """
    layout = LAYOUTS[opcode]
    values = {"opcode": int(opcode), **fields}
    if values.keys() != layout.members.keys():
        raise ValueError(f"{opcode.name}: expected the fields {list(layout.members)}, got {list(values)}")
    word = 0
    for name, value in values.items():
        field = layout[name]
        shape = Shape.cast(field.shape)
        lo = -(1 << (shape.width - 1)) if shape.signed else 0
        hi = lo + (1 << shape.width) - 1
        if not lo <= value <= hi:
            raise ValueError(f"{opcode.name}.{name}: expected {lo} to {hi}, got {value}")
        word |= (int(value) & ((1 << shape.width) - 1)) << field.offset
    return word.to_bytes(INSTRUCTION_BYTES, "little")
