"""When tiles of weights are read: each during the sweep of the one before, also the next layer's first."""

from __future__ import annotations

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import ADDRESS_BITS, LANES_PE, LAYER
from twofold.rtl.layer_timing import LayerTiming
from twofold.rtl.mac.pipeline import delay


class WeightPrefetcher(wiring.Component):
    """Tells a `WeightLoader` when to read which tile, and a `Sweeper` when it can take the sweep of it.

    PE arrays hold one tile that is in use and one in waiting. A layer's tiles lie one behind the other in
    memory, in the order of its sweeps; a recall meets none. Loads of a layer with weights:

    - The first tile in the cycle of `start`, unless it was loaded ahead.
    - Each other one `LayerTiming.word` cycles after the sweep of the tile before was taken, so that its first
      word is at the arrays in the cycle after the swap to that tile.
    - The next layer's first one as many cycles after the last sweep was taken, or as soon as `known` for a
      cycle before `running` falls. It was `preloaded` at that layer's `start`.

    start, layer: a layer begins; the instruction stays until it ends. running: from the cycle after `start`
    until its end.
    following, following_ready: the next instruction is this LAYER; both stay until its `start`.
    taken, recall, ended: the sweeper takes a tap; see `taps.TAP`.
    interval, preload, preload_interval, preloaded: for the sweeper.
    restart, base, load, words, more: for the loader, in the cycle of a load. second: from it.
    pe: the kind of the tile that is at the arrays, or of the second one behind it.
    outside: a word is read at an address that the banks do not have. layer_outside: such a word was one of
    the layer that is `running`.
    """

    def __init__(self, geometry: Geometry):
        self.pairs, self.timing = geometry.beside is not None, LayerTiming.of(geometry)
        product, interval = self.timing.product, range(self.timing.interval_max + 1)
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "running": In(1),
                "following": In(LAYER),
                "following_ready": In(1),
                "taken": In(1),
                "recall": In(1),
                "ended": In(1),
                "interval": Out(interval),
                "preload": Out(1),
                "preload_interval": Out(interval),
                "preloaded": Out(1),
                "restart": Out(1),
                "base": Out(ADDRESS_BITS),
                "load": Out(1),
                "words": Out(product.index_bits + 1),
                "more": Out(product.index_bits + 1),
                "second": In(1),
                "pe": Out(range(len(product.latencies))),
                "outside": In(1),
                "layer_outside": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        swapped = delay(m, self.taken & ~self.recall, self.timing.word, "swapped") & self.running
        ended = delay(m, self.ended, self.timing.word, "swapped_last")
        self._look_ahead(m, swapped & ended)
        begins, layer, following = self.start & ~self.preloaded, self.layer, self.following
        m.d.comb += [
            self.restart.eq(begins | self.preload),
            self.load.eq(((begins | (swapped & ~ended)) & (layer.pe != LANES_PE)) | self.preload),
            self.base.eq(Mux(self.preload, following.weight_base, layer.weight_base)),
            self.interval.eq(Mux(layer.chained, 1, self._interval(layer))),
            self.preload_interval.eq(self._interval(following, self.timing.word)),
        ]
        self._choose_words(m)
        self._attribute(m)
        return m

    def _look_ahead(self, m, last):
        """last: the arrays are about to turn to the layer's last tile."""
        waiting, known = Signal(), Signal()
        m.d.sync += known.eq(self.following_ready & (self.following.pe != LANES_PE))
        m.d.comb += self.preload.eq((last | (waiting & self.running)) & known)
        with m.If(last):
            m.d.sync += waiting.eq(1)
        with m.If(self.preload | self.start):
            m.d.sync += [self.preloaded.eq(self.preload), waiting.eq(0)]

    def _choose_words(self, m):
        """How many words a tile has, and which kind's they are once they come."""
        product, loaded = self.timing.product, Signal.like(self.pe)
        of = Mux(self.preload, self.following.pe, self.layer.pe)
        m.d.comb += self.words.eq(Array(product.load_words)[of])
        with m.If(self.load):
            m.d.sync += loaded.eq(of)
        m.d.comb += self.pe.eq(Mux(self.second, product.beside, loaded) if self.pairs else loaded)
        if self.pairs:
            paired = Mux(self.preload, self.following.paired, self.layer.paired)
            m.d.comb += self.more.eq(Mux(paired, product.load_words[product.beside], 0))

    def _interval(self, layer, less=0):
        """Cycles between the sweeps of `layer`, counted from `less` cycles on, at least 1."""
        alone = Array(max(1, cycles - less) for cycles in self.timing.intervals)[layer.pe]
        if not self.pairs:
            return alone
        paired = Array(max(1, cycles - less) for cycles in self.timing.paired_intervals)[layer.pe]
        return Mux(layer.paired, paired, alone)

    def _attribute(self, m):
        """Notes a word outside of the banks, until the next layer's are read."""
        noted = Signal()
        with m.If(self.outside):
            m.d.sync += noted.eq(1)
        with m.If(self.restart):
            m.d.sync += noted.eq(0)
        m.d.comb += self.layer_outside.eq(noted & ~self.preloaded & self.running)
