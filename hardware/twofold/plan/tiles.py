"""Weights of a convolution as tiles of lanes × lanes, in the order in which the engine meets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twofold.network.errors import NetworkError
from twofold.network.ops import Conv2d
from twofold.network.types import IntArray
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.maps import Map, code_range
from twofold.plan.memory.layout import blocks_of
from twofold.plan.stages import Stage
from twofold.rtl.mac.interface import PeKind


@dataclass(frozen=True, eq=False)
class TiledWeights:
    """A convolution's weights as one PE kind holds them.

    pe: the kind's place in the geometry. blocks: memory words of each output block, tile after tile;
    empty: those of a block of zeros. tile_words: of a tile. correction: [O], what the encoding adds to the
    bias. slack: [O], by how much partial sums may leave the exact ones on the way.
    """

    pe: int
    blocks: tuple[tuple[int, ...], ...]
    empty: tuple[int, ...]
    tile_words: int
    correction: IntArray

    @property
    def block_words(self) -> int:
        """Of an output block that reads all input blocks."""
        return len(self.empty)

    @property
    def slack(self) -> int:
        return int(np.abs(self.correction).max(initial=0))

    def words(self, place: int, group_blocks: int, inputs: InputBlocks) -> tuple[int, ...]:
        """What block `place` of each group of `group_blocks` needs of its input blocks, group after group."""
        groups = range(0, len(self.blocks), group_blocks)
        found = [self.blocks[first + place : first + place + 1] or (self.empty,) for first in groups]
        each = len(self.empty) // inputs.total
        taken = [
            (*block[first * each :], *self.empty)[: inputs.count * each]
            for (block,), first in zip(found, inputs.firsts, strict=True)
        ]
        return tuple(word for block in taken for word in block)


@dataclass(frozen=True, eq=False)
class PairedWeights:
    """A convolution's weights as two kinds hold them, groups of output blocks in turn: tile after tile of a
    group's block as the first has it, each with the tile of the next group's block as the second does.

    blocks: output blocks of a group.
    """

    first: TiledWeights
    second: TiledWeights
    blocks: int
    lanes: int

    @property
    def pe(self) -> int:
        return self.first.pe

    @property
    def block_words(self) -> int:
        """Of two output blocks, half of them."""
        return (self.first.block_words + self.second.block_words) // 2

    @property
    def slack(self) -> int:
        return max(self.first.slack, self.second.slack)

    @property
    def correction(self) -> IntArray:
        channels = np.arange(len(self.first.correction))
        is_second = channels // (self.blocks * self.lanes) % 2 == 1
        return np.where(is_second, self.second.correction, self.first.correction)

    def words(self, place: int, group_blocks: int, inputs: InputBlocks) -> tuple[int, ...]:
        """As of `TiledWeights`, where every group reads all input blocks."""
        words: list[int] = []
        for block in range(place, len(self.first.blocks), 2 * group_blocks):
            own, others = self.first.blocks[block], self.second.blocks[block + group_blocks]
            each, other = self.first.tile_words, self.second.tile_words
            for tile in range(len(own) // each):
                words += own[tile * each : (tile + 1) * each]
                words += others[tile * other : (tile + 1) * other]
        return tuple(words)


def tiles(op: Conv2d, lanes: int) -> Iterator[tuple[int, IntArray]]:
    """(output block, weights [lanes, lanes]) in the order output block, input block, tap row, tap column."""
    outputs, inputs, rows, columns = op.weight.shape
    out_blocks, in_blocks = blocks_of(outputs, lanes), blocks_of(inputs, lanes)
    padded = np.zeros((out_blocks * lanes, in_blocks * lanes, rows, columns), np.int64)
    padded[:outputs, :inputs] = op.weight
    blocks = padded.reshape(out_blocks, lanes, in_blocks, lanes, rows, columns)
    for out, in_, y, x in np.ndindex(out_blocks, in_blocks, rows, columns):
        yield out, blocks[out, :, in_, :, y, x]


def holds(kind: PeKind, stage: Stage) -> bool:
    """Whether the stage is a convolution whose weights and activations the kind takes."""
    low, high = kind.activation_range
    lo, hi = code_range(stage.operands[0])
    return isinstance(stage.body, Conv2d) and low <= lo <= hi <= high and kind.accepts(stage.body.weight)


def tile_weights(op: Conv2d, operand: Map, kinds: tuple[PeKind, ...]) -> TiledWeights:
    """The weights for the first kind that holds them. Raises NetworkError if none does."""
    lo, hi = code_range(operand)
    refusals = []
    for pe, kind in enumerate(kinds):
        low, high = kind.activation_range
        reason = kind.refusal(op.weight)
        if not low <= lo <= hi <= high:
            reason = f"expected activations in [{low}, {high}], found [{lo}, {hi}]"
        if reason is None:
            return encoded(op, operand, kind, pe)
        refusals.append(f"{kind.name}: {reason}")
    raise NetworkError(op.name, "weights", "a PE kind of the geometry that holds them", "; ".join(refusals))


def correction(op: Conv2d, operand: Map, kind: PeKind) -> IntArray:
    """[O], what the kind's encoding adds to the bias."""
    parts = kind.parts(operand.channels)
    total = np.zeros((blocks_of(len(op.weight), kind.tout), kind.tout), np.int64)
    for block, tile in tiles(op, kind.tin):
        for part in kind.split(tile, parts):
            total[block] += kind.correction(part)
    return total.reshape(-1)[: len(op.weight)]


def encoded(op: Conv2d, operand: Map, kind: PeKind, pe: int) -> TiledWeights:
    """The weights for this kind, which holds them."""
    outputs = blocks_of(len(op.weight), kind.tout)
    parts = kind.parts(operand.channels)
    words: list[list[int]] = [[] for _ in range(outputs)]
    for block, tile in tiles(op, kind.tin):
        for part in kind.split(tile, parts):
            words[block] += kind.encode(part)
    zeros = kind.encode(np.zeros((kind.tout, kind.tin), np.int64))
    empty = tuple(zeros) * (len(words[0]) // len(zeros))
    blocks = tuple(tuple(block) for block in words)
    return TiledWeights(pe, blocks, empty, len(zeros), correction(op, operand, kind))
