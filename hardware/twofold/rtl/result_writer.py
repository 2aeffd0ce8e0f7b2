"""Writes the codes that all tiles give in a cycle, each to a bank of its own."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.countdown import Countdown
from twofold.rtl.exchange import exchanged
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, COUNT_BITS, LAYER
from twofold.rtl.primitives.mux_pair import mux_pair
from twofold.rtl.tile_offsets import block_offsets, low_bits, rotated


class WritePort(wiring.Signature):
    """One memory word written a cycle. bank, bank_step: see `isa.TRANSFER`."""

    def __init__(self, word_bits: int):
        super().__init__(
            {
                "enable": Out(1),
                "address": Out(ADDRESS_BITS),
                "bank": Out(BANK_BITS),
                "bank_step": Out(COUNT_BITS),
                "word": Out(word_bits),
            }
        )


class ResultWriter(wiring.Component):
    """From the tiles' codes, pixel after pixel and group after group, to the banks.

    The blocks of a group lie in banks next to each other and the tiles' bands as far apart as there are
    blocks, so that tile t writes to the bank that is t further than tile 0's. Codes are at the banks in the
    next cycle, those of a single tile at once; words from outside a cycle later. Between two groups are at
    least two cycles, far fewer than their parameters take.

    start, layer: a layer begins; `layer` stays until it ends.
    valid, last: a pixel's codes come in the next cycle; those of the last pixel of a group.
    codes: by tile.
    load: words from outside, while no layer is executed.
    enables, addresses, words: write ports of the banks. outside: one of these words belongs at an address
    that the banks do not have; `addresses` are without what is beyond.
    """

    def __init__(self, geometry: Geometry):
        self.tiles, self.bank_bits, self.family = geometry.tiles, geometry.bank_bits, geometry.family
        self.address_bits = geometry.activation_words.bit_length() - 1
        words = data.ArrayLayout(geometry.activation_word_bits, geometry.tiles)
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "valid": In(1),
                "last": In(1),
                "codes": In(words),
                "load": In(WritePort(geometry.activation_word_bits)),
                "enables": Out(geometry.tiles),
                "addresses": Out(data.ArrayLayout(self.address_bits, geometry.tiles)),
                "words": Out(words),
                "outside": Out(1),
            }
        )
        self._base, self._row, self._bank = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS), Signal(BANK_BITS)

    def elaborate(self, platform):
        m = Module()
        load, layer = self.load, self.layer
        blocks = self._walk(m)
        valid, loaded, word = Signal(), Signal(), Signal(len(load.word), reset_less=True)
        first = Signal(ADDRESS_BITS)
        base, row = Mux(load.enable, load.address, self._base), Mux(load.enable, 0, self._row)
        now = Mux(load.enable, load.bank, self._bank)[: self.bank_bits]
        m.d.sync += [
            valid.eq(self.valid),
            loaded.eq(load.enable),
            word.eq(load.word),
            first.eq(base + row),
        ]
        own, *others = self.codes
        words = [mux_pair(m, loaded, word, own, self.family, "loaded"), *others]
        enables = [self._writes(m, tile, blocks, valid, loaded) for tile in range(self.tiles)]
        if self.tiles == 1:
            m.d.comb += [
                self.enables.eq(enables[0]),
                self.addresses[0].eq(first),
                self.words[0].eq(words[0]),
                self.outside.eq(self.enables[0] & self._cut(first)[-1]),
            ]
            return m
        offsets = block_offsets(
            m, self.tiles, layer.out_band_words, layer.out_fold, layer.blocks_log2, "offset"
        )
        offsets = rotated(m, [self._cut(offset) for offset in offsets], now, "offset")
        writes = [Cat(word, enable) for word, enable in zip(words, enables, strict=True)]
        writes = exchanged(m, writes, self._sources(m, now), self.family, "write")
        beyond = Signal(self.tiles)
        m.d.comb += self.outside.eq((self.enables & beyond).any())
        for target in range(self.tiles):
            offset = Signal(self.address_bits + 1, name=f"offset_to_{target}", reset_less=True)
            reached = self._cut(first)[:-1] + offset[:-1]
            m.d.sync += [
                offset.eq(offsets[target]),
                Cat(self.words[target], self.enables[target]).eq(writes[target]),
                self.addresses[target].eq(reached),
                beyond[target].eq(reached[-1] | offset[-1] | self._cut(first)[-1]),
            ]
        return m

    def _cut(self, address):
        """What of an address is one in a bank, and whether there is more of it."""
        return Cat(address[: self.address_bits], address[self.address_bits :].any())

    def _sources(self, m, bank):
        """By bank, the tile that writes to it if tile 0 writes to `bank`; a cycle later."""
        sources = [Signal(self.bank_bits, name=f"source_{target}") for target in range(self.tiles)]
        m.d.sync += [source.eq(target - bank) for target, source in enumerate(sources)]
        return sources

    def _writes(self, m, tile, blocks, valid, loaded):
        """Tile 0 also writes what is loaded; a tile without a block does not write. Which these are is known
        long before a group's first codes."""
        if not tile:
            return valid | loaded
        has_block = Signal(name=f"has_block_{tile}")
        m.d.sync += has_block.eq((tile & low_bits(self.layer.blocks_log2, self.tiles)) < blocks)
        return valid & has_block

    def _walk(self, m):
        """Follows a band's rows into the next bands, and group after group; returns the group's blocks."""
        layer, groups, group_bank = self.layer, Countdown(8, "groups"), Signal(BANK_BITS)
        last_row = Signal(layer.out_band_words.shape())
        m.d.sync += last_row.eq(layer.out_band_words - 1)
        with m.If(self.valid):
            m.d.sync += self._row.eq(self._row + 1)
            with m.If(self._row == last_row):
                m.d.sync += [self._row.eq(0), self._bank.eq(self._bank + (1 << layer.out_fold))]
            with m.If(self.last):
                m.d.sync += [
                    *groups.step(),
                    self._base.eq(self._base + layer.out_group_stride),
                    self._row.eq(layer.out_row),
                    self._bank.eq(group_bank + layer.tile_blocks),
                    group_bank.eq(group_bank + layer.tile_blocks),
                ]
        with m.If(self.start):
            m.d.sync += [
                *groups.load(layer.out_groups),
                self._base.eq(layer.out_base),
                self._row.eq(layer.out_row),
                self._bank.eq(layer.out_bank),
                group_bank.eq(layer.out_bank),
            ]
        return Mux(groups.last, layer.last_blocks, layer.tile_blocks)
