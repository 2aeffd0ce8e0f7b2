"""Requantisation by thresholds: one lane."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.geometry import LANE_BITS
from twofold.rtl.mac.pipeline import delay, registers
from twofold.rtl.primitives.comparator import AtLeast
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.shared_table_ram import SharedTableRam
from twofold.rtl.requantize.words import FIELD_BITS, LEVEL_BIT


class ThresholdLane(wiring.Component):
    """`levels[number of t with acc ≥ T[t]]`, `latency` cycles after `acc`, at least threshold_bits + 1.

    A binary search of one comparison a cycle: the first threshold is a register, the others lie in a LUT
    memory that all later steps share, and so do the levels.

    write, index, field: a parameter word's field, level `index` from LEVEL_BIT on and threshold `index`
    below, for vectors given in the next cycle or later. No vector may be on its way.
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
        widths = search_widths(self.acc_bits, self.threshold_bits, self.level_bits)
        m.submodules.memory = memory = SharedTableRam(widths, self.family)
        m.d.comb += [memory.write_enable.eq(self.write), memory.write_address.eq(self.index)]
        accumulator: Value = self.acc
        count: Value = Const(0, 0)
        for step in range(self.threshold_bits):
            m.submodules[f"compare_{step}"] = compare = AtLeast(self.acc_bits, self.family)
            reached = Signal(name=f"reached_{step}", reset_less=True)
            m.d.comb += [
                compare.a.eq(accumulator),
                compare.b.eq(self._threshold(m, memory, step, count)),
            ]
            m.d.sync += reached.eq(compare.y)
            count = Cat(reached, delay(m, count, 1, f"count_{step}"))
            accumulator = delay(m, accumulator, 1, f"acc_{step}")
        count = registers(m, count, self.latency - self.threshold_bits - 1, "count")
        level = self._level(m, memory, count) if self.level_bits else (self.first + count)[:LANE_BITS]
        m.d.comb += self.level.eq(delay(m, level, 1, "level"))
        return m

    def _threshold(self, m: Module, memory: SharedTableRam, step: int, count: Value) -> Value:
        """The threshold that decides the next bit of the count, whose first `step` bits are known.

        Its number is `count` followed by a one and `below` zeros.
        """
        below = self.threshold_bits - step - 1
        number, field = Cat(Const(1 << below, below + 1), count), self.field[: self.acc_bits]
        if step:
            return self._read(m, memory, step - 1, field, number)
        value = Signal(signed(self.acc_bits), name="threshold", reset_less=True)
        with m.If(self.write & (self.index == number)):
            m.d.sync += value.eq(field)
        return value

    def _level(self, m: Module, memory: SharedTableRam, count: Value) -> Value:
        field = self.field[LEVEL_BIT : LEVEL_BIT + self.level_bits]
        return self._read(m, memory, self.threshold_bits - 1, field, count)

    def _read(self, m: Module, memory: SharedTableRam, reader: int, field: Value, address: Value) -> Value:
        """What the memory, which keeps this field of each word for the reader, holds at `address`."""
        m.d.comb += [
            getattr(memory, f"write_data_{reader}").eq(field),
            getattr(memory, f"read_address_{reader}").eq(address),
        ]
        data: Value = getattr(memory, f"read_data_{reader}")
        return data


def search_widths(acc_bits: int, threshold_bits: int, level_bits: int) -> tuple[int, ...]:
    """Of what a lane's memory is read for: a threshold for each step but the first, then a kept level."""
    levels = (level_bits,) if level_bits else ()
    return (acc_bits,) * (threshold_bits - 1) + levels
