"""Requantisation by multiplier: several lanes, one after the other."""

from __future__ import annotations

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.pipeline import delay
from twofold.rtl.requantize.multiply import BOUNDS, FACTOR, MultiplierLane
from twofold.rtl.requantize.words import FIELD_BITS


class SharedMultiplier(wiring.Component):
    """The codes of `lanes` accumulators by one `MultiplierLane`, `latency` cycles after they were taken.

    Accumulators are taken `lanes` cycles after each other or later, and codes stay until the next ones come.

    lanes: that take turns. One alone has its multiplier every cycle, without `take`.
    write, fields: of a parameter word, each lane's M and n, for accumulators that are taken in the next cycle
    or later. None may be on its way during a write.
    take, acc: the accumulators are taken.
    bounds: constant while numbers are on their way.
    codes: signed(9), within the bounds.
    """

    @staticmethod
    def latency_of(lanes: int) -> int:
        """Cycles from accumulators to the last of their codes."""
        return 1 + MultiplierLane.LATENCY + (lanes + 1 if lanes > 1 else 0)

    def __init__(self, lanes: int, acc_bits: int) -> None:
        self.lanes, self.acc_bits = lanes, acc_bits
        self.latency = self.latency_of(lanes)
        super().__init__(
            {
                "write": In(1),
                "fields": In(data.ArrayLayout(FIELD_BITS, lanes)),
                "take": In(1),
                "acc": In(data.ArrayLayout(signed(acc_bits), lanes)),
                "bounds": In(BOUNDS),
                "codes": Out(data.ArrayLayout(signed(9), lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        factors = Signal(data.ArrayLayout(FACTOR, self.lanes), reset_less=True)
        with m.If(self.write):
            m.d.sync += [factors[lane].as_value().eq(self.fields[lane]) for lane in range(self.lanes)]
        m.submodules.multiplier = unit = MultiplierLane(self.acc_bits)
        m.d.comb += unit.bounds.eq(self.bounds)
        if self.lanes == 1:
            m.d.comb += [
                unit.acc.eq(delay(m, self.acc[0], 1, "acc")),
                unit.factor.eq(factors[0]),
                self.codes[0].eq(unit.code),
            ]
        else:
            self._in_turn(m, unit, factors)
        return m

    def _in_turn(self, m: Module, unit: MultiplierLane, factors: data.View) -> None:
        """Lane after lane, from the cycle after `take` on; the codes are kept as they come."""
        taken = Signal(self.acc.shape(), reset_less=True)
        turn = Signal(range(self.lanes), reset_less=True)
        last = turn == self.lanes - 1
        with m.If(self.take):
            m.d.sync += taken.eq(self.acc)
        m.d.sync += [
            turn.eq(Mux(self.take | last, 0, turn + 1)),
            unit.acc.eq(Array(taken)[turn]),
            unit.factor.eq(Array(factor.as_value() for factor in factors)[turn]),
        ]
        kept = delay(m, turn, 1 + MultiplierLane.LATENCY, "turn")
        for lane in range(self.lanes):
            with m.If(kept == lane):
                m.d.sync += self.codes[lane].eq(unit.code)
