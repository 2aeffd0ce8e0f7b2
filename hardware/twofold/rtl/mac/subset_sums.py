"""The subset sums of weights by fours, one of each column a cycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.network.types import IntArray, width_of
from twofold.rtl.mac.interface import pack
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.mac.weight_code import WeightCode
from twofold.rtl.primitives.add_sub import AddSub
from twofold.rtl.primitives.family import Family

GROUP = 4
"""Weights of a column: 16 sums, two sets of which fill a memory of 32 words."""

STEPS = 1 << GROUP


@dataclass(frozen=True)
class SubsetSumLayout:
    """Columns of four weights, and how a tile of them lies in memory.

    Place word j, j = 0 to 3, holds weight j of every column, the first column lowest.
    """

    columns: int
    code: WeightCode

    @property
    def sum_range(self) -> tuple[int, int]:
        return GROUP * self.code.low, GROUP * self.code.high

    @property
    def sum_bits(self) -> int:
        low, high = self.sum_range
        return width_of(min(low, -1), high)

    @property
    def place_bits(self) -> int:
        """Width of a place word."""
        return self.columns * self.code.bits

    def place_words(self, weights: IntArray) -> list[int]:
        """The four place words of weights [columns, 4] that the code is known to hold."""
        codes = self.code.codes(np.asarray(weights, np.int64).reshape(self.columns, GROUP))
        return [pack(codes[:, place], self.code.bits) for place in range(GROUP)]

    @property
    def fill(self) -> data.StructLayout:
        """What a table takes each cycle: a subset of four weights, and the sum of it in each column."""
        return data.StructLayout(
            {"subset": GROUP, "sums": data.ArrayLayout(signed(self.sum_bits), self.columns)}
        )


class SubsetSumGenerator(wiring.Component):
    """Reads a tile's weights sixteen times and gives, each time, the sum of one subset of each column's four.

    Subsets come in the order of the Gray code: each differs from the one before in one weight, which is
    added or subtracted, so that no weight has to be kept. `go` may come every STEPS = 16 cycles. Subset i is
    on `fill` LATENCY + `memory_latency` + i cycles after `go`.

    Parameters
    ----------
    layout : the columns and their code.
    targets : tables that the sums may go to.
    memory_latency : cycles from `place` to `weights`, at least 1.

    Members
    -------
    go : In(1)
        The first subset's turn; the tile in the memory stays the same for 16 cycles from now on.
    targets : In(targets)
        With `go`: which tables are filled.
    place : Out(range(4))
        Which of the tile's place words is to be on `weights`, `memory_latency` cycles later.
    weights : In(layout.place_bits)
    enable : Out(targets)
        The targets, while `fill` is theirs.
    fill : Out(layout.fill)
    """

    LATENCY = 1

    def __init__(
        self, layout: SubsetSumLayout, family: Family, *, targets: int = 1, memory_latency: int = 1
    ) -> None:
        if targets < 1 or memory_latency < 1:
            raise ValueError(
                f"expected at least one target and one cycle of latency, got {targets} and {memory_latency}"
            )
        self.layout, self.family, self.memory_latency = layout, family, memory_latency
        super().__init__(
            {
                "go": In(1),
                "targets": In(targets),
                "place": Out(range(GROUP)),
                "weights": In(layout.place_bits),
                "enable": Out(targets),
                "fill": Out(layout.fill),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step = self._steps(m)
        subset = step ^ (step >> 1)
        m.d.comb += self.place.eq(changed_place(m, step))
        clear = delay(m, step == 0, self.memory_latency, "clear")
        subtract = delay(m, ~subset.bit_select(self.place, 1), self.memory_latency, "subtract")
        m.d.comb += self.fill.subset.eq(delay(m, subset, self.memory_latency + self.LATENCY, "subset"))
        for column in range(self.layout.columns):
            code = self.weights.word_select(column, self.layout.code.bits)
            total = Signal(signed(self.layout.sum_bits), name=f"sum_{column}", reset_less=True)
            stepped = next_sum(m, self.layout, self.family, total, code, subtract, f"column_{column}")
            m.d.sync += total.eq(Mux(clear, 0, stepped))
            m.d.comb += self.fill.sums[column].eq(total)
        return m

    def _steps(self, m: Module) -> Signal:
        """The place of this cycle's subset in the order; sets `enable`."""
        step = Signal(GROUP)
        targets = Signal.like(self.targets)
        with m.If(self.go):
            m.d.sync += [step.eq(1), targets.eq(self.targets)]
        with m.Elif(step != 0):
            m.d.sync += step.eq(step + 1)
        with m.Else():
            m.d.sync += targets.eq(0)
        enable = targets
        for stage in range(self.memory_latency):
            later = Signal.like(targets, name=f"enable_{stage}")
            m.d.sync += later.eq(enable)
            enable = later
        m.d.comb += self.enable.eq(enable)
        return step


def changed_place(m: Module, step: Value) -> Signal:
    """The weight in which Gray code `step` differs from the one before: the lowest bit set of `step`."""
    place = Signal(range(GROUP))
    with m.Switch(step):
        for bit in range(GROUP):
            with m.Case("-" * (GROUP - 1 - bit) + "1" + "0" * bit):
                m.d.comb += place.eq(bit)
    return place


def next_sum(
    m: Module,
    layout: SubsetSumLayout,
    family: Family,
    total: Value,
    code: Value,
    subtract: Value,
    name: str,
) -> Value:
    """`total` with the weight of `code` subtracted or added, `layout.sum_bits` bits; combinational."""
    operand = layout.code.decode(m, code, f"{name}_weight")
    m.submodules[name] = adder = AddSub(layout.sum_bits, family)
    m.d.comb += [
        adder.a.eq(total),
        adder.b.eq(operand.value),
        adder.subtract.eq(subtract ^ operand.negative),
    ]
    return adder.y
