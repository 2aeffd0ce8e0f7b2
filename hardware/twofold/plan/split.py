"""How the tiles share a layer: bands of rows, blocks of output channels, parts for one instruction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from twofold.network.errors import NetworkError
from twofold.network.ops import Conv2d, Requantise
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.memory.banks import BankLayout
from twofold.plan.memory.layout import blocks_of
from twofold.plan.pairing import kind_beside
from twofold.plan.stages import Stage
from twofold.plan.window import Window
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LANES_PE
from twofold.rtl.layer_timing import LayerTiming


@dataclass(frozen=True)
class Split:
    """`bands` bands of rows times `width` blocks of output channels are as many as there are tiles.

    blocks: those of the `width` that are computed; the tiles of the others are idle.
    rows: output rows of a band. paired: every second group of blocks is computed by the kind beside, together
    with the one before it.
    """

    bands: int
    width: int
    blocks: int
    rows: int
    paired: bool = False


@dataclass(frozen=True)
class Work:
    """What one LAYER computes: of each band `rows` rows from `first_row` on, and so many groups of blocks."""

    split: Split
    first_row: int
    rows: int
    first_group: int
    groups: int


def splits(stage: Stage, geometry: Geometry) -> Iterator[Split]:
    """The splits that a stage allows, the one with most bands first. The last is always one band.

    Each is there paired, too, if it can be. Several bands need input rows that lie as far apart as the banks'
    bands. Sums that stay are computed
    by tile 0 alone, what is requantised by multiplier by the tiles that have one. A convolution computes no
    more blocks at a time than there are banks of weights, and no layer more than get their biases in time.
    """
    tiles, blocks = geometry.tiles, blocks_of(stage.sums.channels, geometry.lanes)
    source, result = BankLayout.of(stage.operands[0], tiles), BankLayout.of(stage.result, tiles)
    if stage.quantiser is None:
        yield Split(1, tiles, 1, stage.sums.height)
        return
    aligned = Window.of(stage).input_rows(result.rows) == source.rows
    bands = min(source.bands, result.bands) if aligned else 1
    most = min(geometry.weight_banks if isinstance(stage.body, Conv2d) else tiles, _biased(stage, geometry))
    if isinstance(stage.quantiser, Requantise) and geometry.multipliers < tiles:
        bands, most = 1, min(most, geometry.multipliers)
    while bands:
        width = tiles // bands
        rows = min(result.rows // bands, stage.sums.height)
        alone = Split(bands, width, min(width, most, blocks), rows)
        yield alone
        if kind_beside(stage, geometry) and _comes_in_pairs(stage, alone, geometry):
            yield replace(alone, paired=True)
        bands //= 2


def _comes_in_pairs(stage: Stage, split: Split, geometry: Geometry) -> bool:
    """Whether one instruction has an even number of groups, all of them whole."""
    pairs, left = divmod(blocks_of(stage.sums.channels, geometry.lanes), 2 * split.blocks)
    return not left and _evenly(stage, split, 2 * pairs, geometry)


def _biased(stage: Stage, geometry: Geometry) -> int:
    """Blocks at a time whose biases are there in time, a power of two: all if no more tiles have biases.

    Without weights biases are mostly 0, and then those of the first group are also the others'.
    """
    timing, blocks = LayerTiming.of(geometry), blocks_of(stage.sums.channels, geometry.lanes)
    if isinstance(stage.body, Conv2d):
        found = min(timing.biased_blocks(pe + 1, later=True) for pe in range(len(geometry.kinds)))
    else:
        first = timing.biased_blocks(LANES_PE, later=False)
        later = stage.bias is not None and blocks > first
        found = timing.biased_blocks(LANES_PE, later=True) if later else first
    return geometry.tiles if geometry.multipliers <= found else 1 << (found.bit_length() - 1)


def works(stage: Stage, split: Split, geometry: Geometry) -> Iterator[Work]:
    """As few instructions as the memory of sums allows. Raises NetworkError if sums cannot be held.

    Sums that are a result stay in the memory, block after block, so they must fit at once. Groups whose
    addresses are not equally far apart, or that read other input blocks, are instructions of their own.
    """
    width = stage.sums.width
    blocks = blocks_of(stage.sums.channels, geometry.lanes)
    if stage.quantiser is None:
        needed = blocks * stage.sums.pixels
        if needed > geometry.sum_words:
            raise NetworkError(stage.name, "sums", f"at most {geometry.sum_words} words", needed)
    least = 2 if Window.of(stage).doubled else 1
    rows = geometry.sum_words // width // least * least
    if rows == 0:
        most = geometry.sum_words // least
        raise NetworkError(stage.name, "output width", f"at most {most} columns", width)
    groups = -(-blocks // split.blocks)
    at_once = groups if stage.quantiser is None or _evenly(stage, split, groups, geometry) else 1
    for group in range(0, groups, at_once):
        for first in range(0, split.rows, rows):
            yield Work(split, first, min(rows, split.rows - first), group, at_once)


def _evenly(stage: Stage, split: Split, groups: int, geometry: Geometry) -> bool:
    """Whether each group's blocks lie as far from the group before, in the result and in own operands.

    A convolution's groups must read all input blocks.
    """
    if not InputBlocks.of(stage, split.blocks, geometry).is_all:
        return False
    maps = [stage.result] if isinstance(stage.body, Conv2d) else [stage.result, *stage.operands]
    return all(_is_even(BankLayout.of(map_, geometry.tiles), split.blocks, groups) for map_ in maps)


def _is_even(layout: BankLayout, blocks: int, groups: int) -> bool:
    return all(
        layout.block_address(group * blocks + block)
        == group * layout.block_address(blocks) + layout.block_address(block)
        for group in range(groups)
        for block in range(blocks)
    )
