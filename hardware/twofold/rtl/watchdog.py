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
        cycles = Signal(WATCHDOG_BITS)
        with m.If(self.progress):
            m.d.sync += [cycles.eq(0), self.expired.eq(0)]
        with m.Elif(cycles != self.limit):
            m.d.sync += cycles.eq(cycles + 1)
        with m.Elif(self.limit != 0):
            m.d.sync += self.expired.eq(1)
        return m
