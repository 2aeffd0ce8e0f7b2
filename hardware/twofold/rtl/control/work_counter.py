"""How many inputs the tiles multiply in a cycle, for the counters."""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.countdown import Countdown
from twofold.rtl.geometry import Geometry
from twofold.rtl.inner_product import ProductTiming
from twofold.rtl.isa import LAYER
from twofold.rtl.mac.kinds import pe_kinds


def inputs_in_a_cycle(geometry: Geometry) -> range:
    """Numbers of inputs, of all tiles and both kinds of a paired layer, that a cycle can multiply."""
    return range(geometry.tiles * geometry.lanes * (2 if geometry.beside else 1) + 1)


class WorkCounter(wiring.Component):
    """Follows a layer's groups, whose last one can have fewer blocks.

    start, layer: a layer begins; `layer` stays until it ends.
    issue, recall: a pixel enters the pipeline; it meets no weights. group_end: the last one of a group.
    multiplied: inputs, of all tiles and both kinds of a paired layer, that entered 2 cycles ago and have
    weights; times `lanes`, the MACs.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry, self.beside = geometry, ProductTiming.of(geometry).beside
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "issue": In(1),
                "recall": In(1),
                "group_end": In(1),
                "multiplied": Out(inputs_in_a_cycle(geometry)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        geometry, layer, groups = self.geometry, self.layer, Countdown(8, "groups")
        with m.If(self.group_end):
            m.d.sync += groups.step()
        with m.If(self.start):
            m.d.sync += groups.load(layer.out_groups)
        blocks = Mux(groups.last, layer.last_blocks, layer.tile_blocks)
        tiles_log2 = geometry.tiles.bit_length() - 1
        active, issued = Signal(range(geometry.tiles + 1)), Signal()
        shifted = Array(blocks << (tiles_log2 - log2) for log2 in range(tiles_log2 + 1))[layer.blocks_log2]
        by_pe = [_times(active, rows) for rows in (0, *(kind.rows for kind in pe_kinds(geometry)))]
        inputs = Array(by_pe)[layer.pe]
        if self.beside:
            inputs = inputs + Mux(layer.paired, by_pe[self.beside], 0)
        m.d.sync += [
            active.eq(shifted),
            issued.eq(self.issue & ~self.recall),
            self.multiplied.eq(Mux(issued, inputs, 0)),
        ]
        return m


def _times(value, factor):
    """Sums of shifted values: synthesis would make a DSP block of a multiplication."""
    return sum((value << bit for bit in range(factor.bit_length()) if factor >> bit & 1), Const(0))
