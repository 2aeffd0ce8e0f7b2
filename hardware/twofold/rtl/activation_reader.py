"""Reads the words that all tiles multiply in a cycle, each from a bank of its own."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.exchange import exchanged
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, LANES_PE, LAYER
from twofold.rtl.layer_timing import LayerTiming
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.sweep import PIXEL
from twofold.rtl.tile_offsets import band_offsets, block_offsets, low_bits, rotated


class ActivationReader(wiring.Component):
    """From a pixel of tile 0 to the words of all tiles, `LayerTiming.word` cycles later.

    Tiles whose bands differ are at the same place of different bands, so that all banks are read at the
    same address, and tile t gets the bank that is t, without its block, further than tile 0's. Where
    tiles have no weights each reads its own block, as far as t further, in as many banks.

    layer, pixel: as for the sweeper. running: a layer is being executed.
    store_address, store_bank: while none is, `words[0]` is that word `LayerTiming.store` cycles later.
    addresses, data: read ports of the banks, of one cycle.
    words, inside: of each tile; the pixel is not padding. outside: with `words`, they are at an address that
    the banks do not have; of operands without weights the words of a group's first block.
    """

    def __init__(self, geometry: Geometry):
        self.tiles, self.bank_bits, self.family = geometry.tiles, geometry.bank_bits, geometry.family
        self.latency, self.depth = LayerTiming.of(geometry).word, geometry.activation_words
        words = data.ArrayLayout(geometry.activation_word_bits, geometry.tiles)
        super().__init__(
            {
                "layer": In(LAYER),
                "pixel": In(PIXEL),
                "running": In(1),
                "store_address": In(ADDRESS_BITS),
                "store_bank": In(BANK_BITS),
                "addresses": Out(data.ArrayLayout(ADDRESS_BITS, geometry.tiles)),
                "data": In(words),
                "words": Out(words),
                "inside": Out(geometry.tiles),
                "outside": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        address, bank = Signal(ADDRESS_BITS), Signal(BANK_BITS)
        m.d.sync += [address.eq(self.pixel.address), bank.eq(self.pixel.bank)]
        beyond = delay(m, address >= self.depth, self.latency - 1, "beyond")
        m.d.comb += self.outside.eq(beyond & self.inside.any())
        address = Mux(self.running, address, self.store_address)
        if self.tiles == 1:
            m.d.comb += [self.addresses[0].eq(address), self.words[0].eq(self.data[0])]
        else:
            self._rotate(m, address, Mux(self.running, bank, self.store_bank)[: self.bank_bits])
        self._inside(m)
        return m

    def _rotate(self, m, address, bank):
        layer, own = self.layer, Signal()
        m.d.sync += own.eq(self.running & (layer.pe == LANES_PE))
        step = Mux(own, layer.in_band_words, 0)
        offsets = block_offsets(m, self.tiles, step, layer.in_fold, layer.blocks_log2, "offset")
        offsets = rotated(m, offsets, bank, "offset")
        block = Mux(own, 0, low_bits(layer.blocks_log2, self.tiles))[: self.bank_bits]
        sources = []
        for tile in range(self.tiles):
            reached = Signal(ADDRESS_BITS, name=f"address_{tile}", reset_less=True)
            chosen = Signal(self.bank_bits, name=f"bank_{tile}", reset_less=True)
            m.d.sync += [
                reached.eq(address + offsets[tile]),
                chosen.eq(bank + (Const(tile, self.bank_bits) & ~block)),
            ]
            m.d.comb += self.addresses[tile].eq(reached)
            sources.append(delay(m, chosen, 1, f"bank_{tile}_read"))
        words = exchanged(m, list(self.data), sources, self.family, "word")
        m.d.sync += [self.words[tile].eq(word) for tile, word in enumerate(words)]

    def _inside(self, m):
        layer, pixel = self.layer, self.pixel
        rows = band_offsets(m, self.tiles, layer.tile_rows, layer.blocks_log2, "rows")
        column = delay(m, pixel.inside, 1, "column")
        for tile in range(self.tiles):
            y = Signal(pixel.y.shape(), name=f"y_{tile}", reset_less=True)
            m.d.sync += y.eq(pixel.y + rows[tile])
            inside = column & (y >= 0) & (y < layer.in_height)
            m.d.comb += self.inside[tile].eq(delay(m, inside, self.latency - 1, f"inside_{tile}"))
