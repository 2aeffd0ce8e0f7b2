"""Requantisation by thresholds: one lane."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.geometry import LANE_BITS
from twofold.rtl.mac.pipeline import delay, registers
from twofold.rtl.primitives.comparator import AtLeast
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.table_ram import TableRam
from twofold.rtl.requantize_words import FIELD_BITS, LEVEL_BIT


class ThresholdLane(wiring.Component):
    """`levels[number of t with acc ≥ T[t]]`, `latency` cycles after `acc`, at least threshold_bits + 1.

    A binary search of one comparison a cycle: the first threshold is a register, the two, four, … that may
    be next lie in LUT memories of their own, and so do the levels.

    write, index, field: a parameter word's field, level `index` from LEVEL_BIT on and threshold `index`
    below, for vectors given in the next cycle or later.
    level: the lowest `level_bits` bits of the level; if that is 0, the lowest eight of `first` plus the
    number of thresholds reached. Unused ones are the greatest number, which `acc` must not be then.
    """

    def __init__(
        self, acc_bits: int, threshold_bits: int, level_bits: int, latency: int, family: Family
    ) -> None:
        self.acc_bits, self.threshold_bits, self.level_bits = acc_bits, threshold_bits, level_bits
        self.latency, self.family = latency, family
        super().__init__(
            {
                "write": In(1),
                "index": In(threshold_bits),
                "field": In(FIELD_BITS),
                "acc": In(signed(acc_bits)),
                "first": In(signed(9)),
                "level": Out(level_bits or LANE_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accumulator: Value = self.acc
        count: Value = Const(0, 0)
        for step in range(self.threshold_bits):
            m.submodules[f"compare_{step}"] = compare = AtLeast(self.acc_bits, self.family)
            reached = Signal(name=f"reached_{step}", reset_less=True)
            m.d.comb += [compare.a.eq(accumulator), compare.b.eq(self._threshold(m, step, count))]
            m.d.sync += reached.eq(compare.y)
            count = Cat(reached, delay(m, count, 1, f"count_{step}"))
            accumulator = delay(m, accumulator, 1, f"acc_{step}")
        count = registers(m, count, self.latency - self.threshold_bits - 1, "count")
        level = self._level(m, count) if self.level_bits else (self.first + count)[:LANE_BITS]
        m.d.comb += self.level.eq(delay(m, level, 1, "level"))
        return m

    def _level(self, m: Module, count: Value) -> Value:
        levels = self.field[LEVEL_BIT : LEVEL_BIT + self.level_bits]
        return self._memory(m, "levels", self.index, self.write, levels, count)

    def _threshold(self, m: Module, step: int, count: Value) -> Value:
        """The threshold that decides the next bit of the count, whose first `step` bits are known.

        Those are the numbers `count` followed by a one and `below` zeros.
        """
        below = self.threshold_bits - step - 1
        enable = self.write & (self.index[: below + 1] == 1 << below)
        field = self.field[: self.acc_bits]
        if not step:
            value = Signal(signed(self.acc_bits), name="threshold", reset_less=True)
            with m.If(enable):
                m.d.sync += value.eq(field)
            return value
        return self._memory(m, f"thresholds_{step}", self.index[below + 1 :], enable, field, count)

    def _memory(
        self, m: Module, name: str, index: Value, enable: Value, word: Value, address: Value
    ) -> Value:
        """What a memory, written at `index`, holds at `address`, in the same cycle."""
        m.submodules[name] = memory = TableRam(len(word), self.family)
        m.d.comb += [
            memory.write_enable.eq(enable),
            memory.write_address.eq(index),
            memory.write_data.eq(word),
            memory.read_address.eq(address),
        ]
        return memory.read_data
