"""Notices that nothing happens any more."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

WATCHDOG_BITS = 24


class Watchdog(wiring.Component):
    """`expired` is high from `limit` + 1 cycles after the last one with `progress` on, until the next one.

    limit: 0 never expires; to be changed only together with `progress`.
    """

    def __init__(self):
        super().__init__({"limit": In(WATCHDOG_BITS), "progress": In(1), "expired": Out(1)})

    def elaborate(self, platform):
        m = Module()
        # counts up to its carry, which takes less logic than a comparison with the limit
        cycles, off = Signal(WATCHDOG_BITS + 1), Signal()
        m.d.comb += self.expired.eq(cycles[-1])
        m.d.sync += off.eq(self.limit == 0)
        with m.If(self.progress | off):
            m.d.sync += cycles.eq((~self.limit)[:WATCHDOG_BITS])
        with m.Elif(~self.expired):
            m.d.sync += cycles.eq(cycles + 1)
        return m
