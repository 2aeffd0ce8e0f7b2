"""A tile's weights in LUT memory, between a narrow weight bus and the generator of subset sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.network.types import IntArray
from twofold.rtl.mac.interface import pack
from twofold.rtl.mac.subset_sums import GROUP, SubsetSumLayout
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.table_ram import TableRam


@dataclass(frozen=True)
class StageLayout:
    """A tile in memory words of `word_bits` bits, narrower than its place words.

    Word 4·p + j holds weight j of the columns from p · columns_per_word on, the first column lowest.
    """

    tile: SubsetSumLayout
    word_bits: int

    def __post_init__(self) -> None:
        if self.word_bits < self.tile.code.bits:
            raise ValueError(f"expected words of at least one code, got {self.word_bits} bits")

    @property
    def columns_per_word(self) -> int:
        return self.word_bits // self.tile.code.bits

    @property
    def parts(self) -> tuple[int, ...]:
        """Columns of each group of four words."""
        whole, rest = divmod(self.tile.columns, self.columns_per_word)
        return (self.columns_per_word,) * whole + (rest,) * (rest > 0)

    @property
    def words(self) -> int:
        return GROUP * len(self.parts)

    def encode(self, weights: IntArray) -> list[int]:
        """Memory words of weights [columns, 4] that the code is known to hold."""
        codes = self.tile.code.codes(np.asarray(weights, np.int64).reshape(self.tile.columns, GROUP))
        starts = range(0, self.tile.columns, self.columns_per_word)
        return [
            pack(codes[start : start + self.columns_per_word, place], self.tile.code.bits)
            for start in starts
            for place in range(GROUP)
        ]


class WeightStage(wiring.Component):
    """Collects the words of a tile and gives whole place words, LATENCY = 1 cycle after `place`.

    load_valid, load_index, load_word: one word a cycle, each index once, in any order.
    go: with the last of them; the tile can be read from the next cycle on.
    place, weights: what a `SubsetSumGenerator` reads; the next tile's words may come in the cycle after
    it has asked for the last place, 15 cycles after `go`.
    """

    LATENCY = 1

    def __init__(self, layout: StageLayout, family: Family) -> None:
        self.layout, self.family = layout, family
        super().__init__(
            {
                "load_valid": In(1),
                "load_index": In(range(layout.words)),
                "load_word": In(layout.word_bits),
                "go": Out(1),
                "place": In(range(GROUP)),
                "weights": Out(layout.tile.place_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self.layout.words), init=self.layout.words - 1)
        with m.If(self.load_valid):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 0):
                m.d.comb += self.go.eq(1)
                m.d.sync += left.eq(self.layout.words - 1)
        m.d.comb += self.weights.eq(Cat(self._part(m, part) for part in range(len(self.layout.parts))))
        return m

    def _part(self, m: Module, part: int) -> Signal:
        """One group of columns' weights, a cycle after `place`."""
        bits = self.layout.parts[part] * self.layout.tile.code.bits
        m.submodules[f"part_{part}"] = memory = TableRam(bits, self.family)
        weights = Signal(unsigned(bits), name=f"weights_{part}", reset_less=True)
        m.d.comb += [
            memory.write_enable.eq(self.load_valid & (self.load_index >> 2 == part)),
            memory.write_address.eq(self.load_index[:2]),
            memory.write_data.eq(self.load_word[:bits]),
            memory.read_address.eq(self.place),
        ]
        m.d.sync += weights.eq(memory.read_data)
        return weights
