"""The outer loops of a layer: one tap of one pair of channel blocks after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.isa import ADDRESS_BITS, LAYER, WINDOW_BITS

TAP = data.StructLayout(
    {
        "x": signed(12),
        "y": signed(12),
        "row": unsigned(ADDRESS_BITS),
        "sums": unsigned(ADDRESS_BITS),
        "rest": unsigned(1),
        "first": unsigned(1),
        "final": unsigned(1),
        "last": unsigned(1),
    }
)
"""Where a sweep starts: input column `x` and row `y` of output pixel (0, 0), the address of column 0 of that
row, the address of the first sum; `rest`: not the first input block; `first` and `final` sweep of an
output block; `last` sweep of the layer."""


class TapGenerator(wiring.Component):
    """Gives a layer's sweeps in the order output block, input block, tap row, tap column.

    After `start` (one cycle, while no sweep is left) the first tap is valid in the next cycle; every
    transfer makes the next tap valid in the cycle after it. `layer` is stable from `start` to the end.

    layer: the LAYER instruction.
    taps: stream of TAP.
    """

    def __init__(self):
        super().__init__({"start": In(1), "layer": In(LAYER), "taps": Out(stream.Signature(TAP))})
        # what is left of each loop after the current tap
        self._out_left, self._in_left = Signal(8), Signal(8)
        self._y_left, self._x_left = Signal(WINDOW_BITS), Signal(WINDOW_BITS)
        # where column 0 of row origin_y is, of the output block's first input block and of the current one
        self._block_row, self._channel_row = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS)
        self._last_x, self._last_y = Signal(), Signal()

    def elaborate(self, platform):
        m = Module()
        tap = self.taps.payload
        m.d.comb += [
            self._last_x.eq(self._x_left == 0),
            self._last_y.eq(self._last_x & (self._y_left == 0)),
            tap.final.eq(self._last_y & (self._in_left == 0)),
            tap.last.eq(tap.final & (self._out_left == 0)),
        ]
        with m.If(self.taps.valid & self.taps.ready):
            self._advance_taps(m)
            self._advance_blocks(m)
            m.d.sync += self.taps.valid.eq(~tap.last)
        with m.If(self.start):
            self._begin(m)
        return m

    def _advance_taps(self, m):
        layer, tap = self.layer, self.taps.payload
        m.d.sync += [self._x_left.eq(self._x_left - 1), tap.x.eq(tap.x + layer.dilation_x)]
        with m.If(self._last_x):
            m.d.sync += [
                self._x_left.eq(layer.taps_x - 1),
                tap.x.eq(layer.origin_x),
                self._y_left.eq(self._y_left - 1),
                tap.y.eq(tap.y + layer.dilation_y),
                tap.row.eq(tap.row + layer.tap_stride),
            ]
        with m.If(self._last_y):
            m.d.sync += [self._y_left.eq(layer.taps_y - 1), tap.y.eq(layer.origin_y)]

    def _advance_blocks(self, m):
        layer, tap = self.layer, self.taps.payload
        m.d.sync += tap.first.eq(0)
        with m.If(self._last_y):
            m.d.sync += [
                self._in_left.eq(self._in_left - 1),
                tap.rest.eq(1),
                self._channel_row.eq(self._channel_row + layer.in_block_stride),
                tap.row.eq(self._channel_row + layer.in_block_stride),
            ]
        with m.If(tap.final):
            m.d.sync += [
                self._in_left.eq(layer.in_blocks - 1),
                tap.rest.eq(0),
                tap.first.eq(1),
                self._out_left.eq(self._out_left - 1),
                self._block_row.eq(self._block_row + layer.in_out_stride),
                self._channel_row.eq(self._block_row + layer.in_out_stride),
                tap.row.eq(self._block_row + layer.in_out_stride),
                tap.sums.eq(tap.sums + layer.sums_block_stride),
            ]

    def _begin(self, m):
        layer, tap = self.layer, self.taps.payload
        m.d.sync += [
            self.taps.valid.eq(1),
            self._x_left.eq(layer.taps_x - 1),
            self._y_left.eq(layer.taps_y - 1),
            self._in_left.eq(layer.in_blocks - 1),
            self._out_left.eq(layer.out_blocks - 1),
            self._block_row.eq(layer.in_base),
            self._channel_row.eq(layer.in_base),
            tap.row.eq(layer.in_base),
            tap.x.eq(layer.origin_x),
            tap.y.eq(layer.origin_y),
            tap.sums.eq(layer.sums_base),
            tap.first.eq(1),
            tap.rest.eq(0),
        ]
