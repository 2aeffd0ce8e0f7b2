"""The inner loops of a layer: one output pixel a cycle."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.countdown import Countdown
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, LAYER, PART_BITS, Output
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.ternary_adder import TernaryAdder
from twofold.rtl.taps import TAP, BandStep

PIXEL = data.StructLayout(
    {
        "address": unsigned(ADDRESS_BITS),
        "bank": unsigned(BANK_BITS),
        "inside": unsigned(1),
        "y": signed(14),
        "sum": unsigned(ADDRESS_BITS),
        "part": unsigned(PART_BITS),
        "rest": unsigned(1),
        "swap": unsigned(1),
        "first": unsigned(1),
        "final": unsigned(1),
        "last": unsigned(1),
        "recall": unsigned(1),
    }
)
"""What one cycle of a sweep reads: the activation word at `address` of `bank`, or padding if its row `y` is
not one of the map's or its column is not `inside`; the address of its partial sum; `swap` with the first
pixel of a sweep; `part` to `recall` as in TAP. Rows and bank are those of tile 0."""


class Sweeper(wiring.Component):
    """Walks over a layer's output pixels for each tap, one pixel a cycle, row by row.

    A tap is taken when the sweep before it has issued its last pixel, when `interval` cycles have
    passed since the last sweep with weights was taken, and, for the final tap of an output group, when
    `results_ready` is high, which must fall in the cycle after `group_end`. Its pixels follow from the next
    cycle on. A sweep of P pixels therefore takes max(P, interval) cycles, a recall P; the last one of a group
    whose sums are requantised by multiplier issues a pixel every `pace` cycles.

    upsampling: whether two columns and two rows of a layer can read the same pixel; both are even then.
    layer: the LAYER instruction, stable from `start` to `done`.
    interval: least number of cycles between two sweeps, 1 to `interval_max`.
    preload, preload_interval: the weights of the next layer's first sweep are asked for, which can be taken
    so many cycles later, at least 1. preloaded: they were, at `start`.
    taken: high in the cycle in which a tap is taken, with the tap on `taps.payload`.
    pixel, issue: the pixel of this cycle.
    group_end: high with the last pixel of an output group.
    """

    def __init__(
        self, interval_max: int, family: Family = Family.PORTABLE, upsampling: bool = True, pace: int = 1
    ):
        self.family, self.upsampling, self.pace = family, upsampling, pace
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "interval": In(range(interval_max + 1)),
                "preload": In(1),
                "preload_interval": In(range(interval_max + 1)),
                "preloaded": In(1),
                "results_ready": In(1),
                "taps": In(stream.Signature(TAP)),
                "taken": Out(1),
                "issue": Out(1),
                "pixel": Out(PIXEL),
                "group_end": Out(1),
            }
        )
        self._columns, self._rows = Countdown(11, "columns"), Countdown(11, "rows")
        self._rest = Countdown(interval_max.bit_length(), "rest")
        self._sweeping, self._turn = Signal(), Countdown(pace.bit_length(), "turn")
        self._x, self._x_start = Signal(signed(14)), Signal(signed(12))
        self._base, self._row = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS)
        self._odd_column, self._odd_row = Signal(), Signal()

    def elaborate(self, platform):
        m = Module()
        layer, tap, pixel = self.layer, self.taps.payload, self.pixel
        last_column, last_pixel = self._columns.last, Signal()
        step = BandStep.of(m, layer, layer.row_stride, layer.row_banks)
        m.submodules.address = address = TernaryAdder(ADDRESS_BITS, self.family)
        m.d.comb += [
            last_pixel.eq(last_column & self._rows.last),
            self.taps.ready.eq(
                (~self._sweeping | (self.issue & last_pixel))
                & self._rest.last
                & (~tap.final | (self.results_ready & ~self.group_end))
            ),
            self.taken.eq(self.taps.valid & self.taps.ready),
            self.group_end.eq(self.issue & last_pixel & pixel.final),
            *(address.a.eq(self._base), address.b.eq(self._row), address.c.eq(self._x)),
            pixel.address.eq(address.y),
            pixel.inside.eq((self._x >= 0) & (self._x < layer.in_width)),
        ]
        with m.If(~self._rest.last):
            m.d.sync += self._rest.step()
        self._issue(m)
        with m.If(self.issue):
            self._advance(m, last_column, step)
            m.d.sync += self._sweeping.eq(~last_pixel)
        with m.If(self.taken):
            self._begin(m)
            m.d.sync += self._sweeping.eq(1)
        with m.If(self.taken & ~self.taps.payload.recall):
            m.d.sync += self._rest.load(self.interval)
        with m.If(self.preload):
            m.d.sync += self._rest.load(self.preload_interval)
        with m.If(self.start & ~self.preloaded):
            m.d.sync += self._rest.load(self.interval + 1)
        return m

    def _issue(self, m):
        """Every cycle, or as the multipliers take their turns."""
        if self.pace == 1:
            m.d.comb += self.issue.eq(self._sweeping)
            return
        m.d.comb += self.issue.eq(self._sweeping & self._turn.last)
        paced = self.pixel.final & (self.layer.output == Output.MULTIPLY)
        with m.If(~self._turn.last):
            m.d.sync += self._turn.step()
        with m.If(self.issue & paced):
            m.d.sync += self._turn.load(self.pace)
        with m.If(~self._sweeping | self.taken):
            m.d.sync += self._turn.load(1)

    def _advance(self, m, last_column, step):
        """The next pixel of the sweep."""
        layer, pixel = self.layer, self.pixel
        next_column, next_row = self._steps(m, last_column)
        m.d.sync += [pixel.swap.eq(0), pixel.sum.eq(pixel.sum + 1), *self._columns.step()]
        with m.If(next_column):
            m.d.sync += self._x.eq(self._x + layer.stride_x)
        with m.If(last_column):
            m.d.sync += [*self._columns.load(layer.out_width), self._x.eq(self._x_start), *self._rows.step()]
        with m.If(last_column & next_row):
            m.d.sync += [pixel.y.eq(pixel.y + layer.stride_y), *step.take(self._row, pixel.bank)]

    def _steps(self, m, last_column):
        """Whether the next column reads another one, and the next row."""
        if not self.upsampling:
            return Const(1), Const(1)
        m.d.sync += self._odd_column.eq(~self._odd_column)
        with m.If(last_column):
            m.d.sync += self._odd_row.eq(~self._odd_row)
        return ~self.layer.doubled | self._odd_column, ~self.layer.doubled | self._odd_row

    def _begin(self, m):
        """The first pixel of the tap that is taken."""
        layer, tap, pixel = self.layer, self.taps.payload, self.pixel
        m.d.sync += [
            *self._columns.load(layer.out_width),
            *self._rows.load(layer.out_height),
            self._x.eq(tap.x),
            self._x_start.eq(tap.x),
            self._base.eq(tap.base),
            self._row.eq(tap.row),
            pixel.y.eq(tap.y),
            pixel.bank.eq(tap.bank),
            pixel.sum.eq(tap.sums),
            pixel.swap.eq(1),
            self._odd_column.eq(0),
            self._odd_row.eq(0),
            *(pixel[name].eq(tap[name]) for name in ("part", "rest", "first", "final", "last", "recall")),
        ]
