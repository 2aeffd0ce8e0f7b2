"""The subset sums of weights by fours, one of each column a cycle."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.network.types import width_of
from twofold.rtl.primitives.add_sub import AddSub
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.table_ram import TableRam

GROUP = 4
"""Weights of a column: 16 sums, two sets of which fill a memory of 32 words."""

STEPS = 1 << GROUP


@dataclass(frozen=True)
class SubsetSumLayout:
    """Columns of four weights, low ≤ 0 ≤ high, and how they lie in memory words of `word_bits` bits.

    Word 4·p + j holds weight j of the columns from p · columns_per_word on, the first column lowest.
    """

    columns: int
    low: int
    high: int
    word_bits: int

    @property
    def weight_bits(self) -> int:
        return width_of(min(self.low, -1), self.high)

    @property
    def sum_range(self) -> tuple[int, int]:
        return GROUP * self.low, GROUP * self.high

    @property
    def sum_bits(self) -> int:
        low, high = self.sum_range
        return width_of(min(low, -1), high)

    @property
    def columns_per_word(self) -> int:
        return self.word_bits // self.weight_bits

    @property
    def words(self) -> int:
        return GROUP * -(-self.columns // self.columns_per_word)


class SubsetSumGenerator(wiring.Component):
    """Collects a tile's weights, then gives the sum of each subset of each column's four.

    Subsets come in the order of the Gray code: each differs from the one before in one weight, which is
    added or subtracted. Subset i leaves LATENCY + i cycles after the last of `layout.words` words; the
    next tile's words may come from the cycle of the last subset on.

    load_valid, load_index, load_word: one word a cycle, each index once, in any order.
    valid, subset, sums: [columns] sums of the weights whose bits are set in `subset`.
    """

    LATENCY = 3

    def __init__(self, layout: SubsetSumLayout, family: Family) -> None:
        self.layout, self.family = layout, family
        super().__init__(
            {
                "load_valid": In(1),
                "load_index": In(range(layout.words)),
                "load_word": In(layout.word_bits),
                "valid": Out(1),
                "subset": Out(GROUP),
                "sums": Out(data.ArrayLayout(signed(layout.sum_bits), layout.columns)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        running, step = self._steps(m)
        place = Signal(range(GROUP))
        subset = step ^ (step >> 1)
        with m.Switch(step):
            for bit in reversed(range(GROUP)):
                with m.Case("-" * (GROUP - 1 - bit) + "1" + "0" * bit):
                    m.d.comb += place.eq(bit)
        weights = self._stage(m, place)
        clear, subtract, valid, now = Signal(), Signal(), Signal(), Signal(GROUP)
        m.d.sync += [
            clear.eq(step == 0),
            subtract.eq(~subset.bit_select(place, 1)),
            valid.eq(running),
            now.eq(subset),
            self.valid.eq(valid),
            self.subset.eq(now),
        ]
        for column, weight in enumerate(weights):
            total = Signal(signed(self.layout.sum_bits), name=f"sum_{column}", reset_less=True)
            m.submodules[f"add_{column}"] = adder = AddSub(self.layout.sum_bits, self.family)
            m.d.comb += [adder.a.eq(total), adder.b.eq(weight), adder.subtract.eq(subtract)]
            m.d.sync += total.eq(Mux(clear, 0, adder.y))
            m.d.comb += self.sums[column].eq(total)
        return m

    def _steps(self, m: Module) -> tuple[Signal, Signal]:
        """Whether a subset begins in this cycle, and its place in the order."""
        left = Signal(range(self.layout.words), init=self.layout.words - 1)
        running, step = Signal(), Signal(GROUP)
        with m.If(running):
            m.d.sync += [step.eq(step + 1), running.eq(step != STEPS - 1)]
        with m.If(self.load_valid):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 0):
                m.d.sync += [left.eq(self.layout.words - 1), running.eq(1), step.eq(0)]
        return running, step

    def _stage(self, m: Module, place: Value) -> list[Value]:
        """Weight `place` of each column, a cycle later."""
        layout = self.layout
        weights: list[Value] = []
        for part in range(layout.words // GROUP):
            count = min(layout.columns_per_word, layout.columns - part * layout.columns_per_word)
            bits = count * layout.weight_bits
            m.submodules[f"stage_{part}"] = stage = TableRam(bits, self.family)
            word = Signal(bits, name=f"weights_{part}", reset_less=True)
            m.d.comb += [
                stage.write_enable.eq(self.load_valid & (self.load_index >> 2 == part)),
                stage.write_address.eq(self.load_index[:2]),
                stage.write_data.eq(self.load_word[:bits]),
                stage.read_address.eq(place),
            ]
            m.d.sync += word.eq(stage.read_data)
            weights += [word.word_select(index, layout.weight_bits).as_signed() for index in range(count)]
        return weights
