"""The inner loops of a layer: one output pixel a cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, LAYER, PART_BITS
from twofold.rtl.taps import TAP, band_limit, band_step

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
    }
)
"""What one cycle of a sweep reads: the activation word at `address` of `bank`, or padding if its row `y` is
not one of the map's or its column is not `inside`; the address of its partial sum; `swap` with the first
pixel of a sweep; `part` to `last` as in TAP. Rows and bank are those of tile 0."""


class Sweeper(wiring.Component):
    """Walks over a layer's output pixels for each tap, one pixel a cycle, row by row.

    A tap is taken when the sweep before it has issued its last pixel, when `interval` cycles have
    passed since that sweep was taken, and, for the final tap of an output group, when `results_ready`
    is high, which must fall in the cycle after `group_end`. Its pixels follow from the next cycle on.
    A sweep of P pixels therefore takes max(P, interval) cycles.

    layer: the LAYER instruction, stable from `start` to `done`.
    interval: least number of cycles between two sweeps, 1 to `interval_max`.
    taken: high in the cycle in which a tap is taken, with the tap on `taps.payload`.
    pixel, issue: the pixel of this cycle.
    group_end: high with the last pixel of an output group.
    """

    def __init__(self, interval_max: int):
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "interval": In(range(interval_max + 1)),
                "results_ready": In(1),
                "taps": In(stream.Signature(TAP)),
                "taken": Out(1),
                "issue": Out(1),
                "pixel": Out(PIXEL),
                "group_end": Out(1),
            }
        )
        self._columns_left, self._rows_left = Signal(11), Signal(11)
        self._x, self._x_start = Signal(signed(14)), Signal(signed(12))
        self._base, self._row = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS)

    def elaborate(self, platform):
        m = Module()
        layer, tap, pixel = self.layer, self.taps.payload, self.pixel
        last_column, last_pixel = Signal(), Signal()
        elapsed = Signal.like(self.interval)
        limit = band_limit(m, layer, layer.row_stride)
        m.d.comb += [
            last_column.eq(self._columns_left == 0),
            last_pixel.eq(last_column & (self._rows_left == 0)),
            self.taps.ready.eq(
                (~self.issue | last_pixel)
                & (elapsed >= self.interval)
                & (~tap.final | (self.results_ready & ~self.group_end))
            ),
            self.taken.eq(self.taps.valid & self.taps.ready),
            self.group_end.eq(self.issue & last_pixel & pixel.final),
            pixel.address.eq(self._base + self._row + self._x),
            pixel.inside.eq((self._x >= 0) & (self._x < layer.in_width)),
        ]
        with m.If(elapsed < self.interval):
            m.d.sync += elapsed.eq(elapsed + 1)
        with m.If(self.issue):
            self._advance(m, last_column, limit)
            m.d.sync += self.issue.eq(~last_pixel)
        with m.If(self.taken):
            self._begin(m)
            m.d.sync += [self.issue.eq(1), elapsed.eq(1)]
        with m.If(self.start):
            m.d.sync += elapsed.eq(0)
        return m

    def _advance(self, m, last_column, limit):
        """The next pixel of the sweep."""
        layer, pixel = self.layer, self.pixel
        m.d.sync += [
            pixel.swap.eq(0),
            pixel.sum.eq(pixel.sum + 1),
            self._columns_left.eq(self._columns_left - 1),
            self._x.eq(self._x + layer.stride_x),
        ]
        with m.If(last_column):
            m.d.sync += [
                self._columns_left.eq(layer.out_width - 1),
                self._x.eq(self._x_start),
                self._rows_left.eq(self._rows_left - 1),
                pixel.y.eq(pixel.y + layer.stride_y),
                *band_step(layer, limit, self._row, pixel.bank, layer.row_stride, layer.row_banks),
            ]

    def _begin(self, m):
        """The first pixel of the tap that is taken."""
        layer, tap, pixel = self.layer, self.taps.payload, self.pixel
        m.d.sync += [
            self._columns_left.eq(layer.out_width - 1),
            self._rows_left.eq(layer.out_height - 1),
            self._x.eq(tap.x),
            self._x_start.eq(tap.x),
            self._base.eq(tap.base),
            self._row.eq(tap.row),
            pixel.y.eq(tap.y),
            pixel.bank.eq(tap.bank),
            pixel.sum.eq(tap.sums),
            pixel.swap.eq(1),
            *(pixel[name].eq(tap[name]) for name in ("part", "rest", "first", "final", "last")),
        ]
