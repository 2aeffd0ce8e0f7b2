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

    def elaborate(self, platform):
        m = Module()
        layer, tap = self.layer, self.taps.payload
        out_left, in_left = Signal(8), Signal(8)
        y_left, x_left = Signal(WINDOW_BITS), Signal(WINDOW_BITS)
        block_row, channel_row = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS)
        # counters hold what is left after the current tap
        last_x, last_y, last_in, last_out = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            last_x.eq(x_left == 0),
            last_y.eq(last_x & (y_left == 0)),
            last_in.eq(last_y & (in_left == 0)),
            last_out.eq(last_in & (out_left == 0)),
            tap.final.eq(last_in),
            tap.last.eq(last_out),
        ]
        with m.If(self.taps.valid & self.taps.ready):
            m.d.sync += [tap.first.eq(0), x_left.eq(x_left - 1), tap.x.eq(tap.x + layer.dilation_x)]
            with m.If(last_x):
                m.d.sync += [
                    x_left.eq(layer.taps_x - 1),
                    tap.x.eq(layer.origin_x),
                    y_left.eq(y_left - 1),
                    tap.y.eq(tap.y + layer.dilation_y),
                    tap.row.eq(tap.row + layer.tap_stride),
                ]
            with m.If(last_y):
                m.d.sync += [
                    y_left.eq(layer.taps_y - 1),
                    tap.y.eq(layer.origin_y),
                    in_left.eq(in_left - 1),
                    tap.rest.eq(1),
                    channel_row.eq(channel_row + layer.in_block_stride),
                    tap.row.eq(channel_row + layer.in_block_stride),
                ]
            with m.If(last_in):
                m.d.sync += [
                    in_left.eq(layer.in_blocks - 1),
                    tap.rest.eq(0),
                    tap.first.eq(1),
                    out_left.eq(out_left - 1),
                    block_row.eq(block_row + layer.in_out_stride),
                    channel_row.eq(block_row + layer.in_out_stride),
                    tap.row.eq(block_row + layer.in_out_stride),
                    tap.sums.eq(tap.sums + layer.sums_block_stride),
                ]
            with m.If(last_out):
                m.d.sync += self.taps.valid.eq(0)
        with m.If(self.start):
            m.d.sync += [
                self.taps.valid.eq(1),
                x_left.eq(layer.taps_x - 1),
                y_left.eq(layer.taps_y - 1),
                in_left.eq(layer.in_blocks - 1),
                out_left.eq(layer.out_blocks - 1),
                block_row.eq(layer.in_base),
                channel_row.eq(layer.in_base),
                tap.row.eq(layer.in_base),
                tap.x.eq(layer.origin_x),
                tap.y.eq(layer.origin_y),
                tap.sums.eq(layer.sums_base),
                tap.first.eq(1),
                tap.rest.eq(0),
            ]
        return m
