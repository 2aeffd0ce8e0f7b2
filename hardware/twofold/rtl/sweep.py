"""The inner loops of a layer: one output pixel a cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.isa import ADDRESS_BITS, LAYER
from twofold.rtl.taps import TAP

PIXEL = data.StructLayout(
    {
        "address": unsigned(ADDRESS_BITS),
        "inside": unsigned(1),
        "sum": unsigned(ADDRESS_BITS),
        "rest": unsigned(1),
        "swap": unsigned(1),
        "first": unsigned(1),
        "final": unsigned(1),
        "last": unsigned(1),
    }
)
"""What one cycle of a sweep reads: the activation word at `address`, or padding unless `inside`; the
address of its partial sum; `swap` with the first pixel of a sweep; `rest` to `last` as in TAP."""


class Sweeper(wiring.Component):
    """Walks over a layer's output pixels for each tap, one pixel a cycle, row by row.

    A tap is taken when the sweep before it has issued its last pixel, when `interval` cycles have
    passed since that sweep was taken, and, for the final tap of an output block, when `results_ready`
    is high, which must fall in the cycle after `block_end`. Its pixels follow from the next cycle on.
    A sweep of P pixels therefore takes max(P, interval) cycles.

    layer: the LAYER instruction, stable from `start` to `done`.
    interval: least number of cycles between two sweeps, at least 1.
    taken: high in the cycle in which a tap is taken, with the tap on `taps.payload`.
    pixel, issue: the pixel of this cycle.
    block_end: high with the last pixel of an output block.
    """

    def __init__(self, interval_bits: int = 6):
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "interval": In(interval_bits),
                "results_ready": In(1),
                "taps": In(stream.Signature(TAP)),
                "taken": Out(1),
                "issue": Out(1),
                "pixel": Out(PIXEL),
                "block_end": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layer, tap, pixel = self.layer, self.taps.payload, self.pixel
        active, last_column, last_pixel = Signal(), Signal(), Signal()
        columns_left, rows_left = Signal(11), Signal(11)
        x, y, x_start = Signal(signed(14)), Signal(signed(14)), Signal(signed(12))
        row = Signal(ADDRESS_BITS)
        elapsed = Signal(self.interval.shape())
        m.d.comb += [
            last_column.eq(columns_left == 0),
            last_pixel.eq(last_column & (rows_left == 0)),
            self.taps.ready.eq(
                (~active | last_pixel)
                & (elapsed >= self.interval)
                & (~tap.final | (self.results_ready & ~self.block_end))
            ),
            self.taken.eq(self.taps.valid & self.taps.ready),
            self.issue.eq(active),
            self.block_end.eq(active & last_pixel & pixel.final),
            pixel.address.eq(row + x),
            pixel.inside.eq((x >= 0) & (x < layer.in_width) & (y >= 0) & (y < layer.in_height)),
        ]
        with m.If(elapsed < self.interval):
            m.d.sync += elapsed.eq(elapsed + 1)
        with m.If(active):
            m.d.sync += [
                pixel.swap.eq(0),
                pixel.sum.eq(pixel.sum + 1),
                columns_left.eq(columns_left - 1),
                x.eq(x + layer.stride_x),
            ]
            with m.If(last_column):
                m.d.sync += [
                    columns_left.eq(layer.out_width - 1),
                    x.eq(x_start),
                    rows_left.eq(rows_left - 1),
                    y.eq(y + layer.stride_y),
                    row.eq(row + layer.row_stride),
                ]
            with m.If(last_pixel):
                m.d.sync += active.eq(0)
        with m.If(self.taken):
            m.d.sync += [
                active.eq(1),
                elapsed.eq(1),
                columns_left.eq(layer.out_width - 1),
                rows_left.eq(layer.out_height - 1),
                x.eq(tap.x),
                x_start.eq(tap.x),
                y.eq(tap.y),
                row.eq(tap.row),
                pixel.sum.eq(tap.sums),
                pixel.rest.eq(tap.rest),
                pixel.swap.eq(1),
                pixel.first.eq(tap.first),
                pixel.final.eq(tap.final),
                pixel.last.eq(tap.last),
            ]
        with m.If(self.start):
            m.d.sync += elapsed.eq(0)
        return m
