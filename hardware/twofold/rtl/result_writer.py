"""Writes the codes that all tiles give in a cycle, each to a bank of its own."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, LAYER
from twofold.rtl.primitives.ternary_adder import TernaryAdder
from twofold.rtl.tile_offsets import block_offsets, low_bits, rotated


class WritePort(wiring.Signature):
    """One memory word written a cycle. bank, bank_step: see `isa.TRANSFER`."""

    def __init__(self, word_bits: int):
        super().__init__(
            {
                "enable": Out(1),
                "address": Out(ADDRESS_BITS),
                "bank": Out(BANK_BITS),
                "bank_step": Out(BANK_BITS),
                "word": Out(word_bits),
            }
        )


class ResultWriter(wiring.Component):
    """From the tiles' codes, pixel after pixel and group after group, to the banks.

    The blocks of a group lie in banks next to each other and the tiles' bands as far apart as there are
    blocks, so that tile t writes to the bank that is t further than tile 0's. Results are in memory in
    the cycle after the next, those of a single tile in the next. Between two groups are at least two cycles,
    far fewer than their parameters take.

    start, layer: a layer begins; `layer` stays until it ends.
    valid, last, codes: a pixel's codes by tile; `last` with the last pixel of a group.
    load: words from outside, while no layer is executed.
    enables, addresses, words: write ports of the banks.
    """

    def __init__(self, geometry: Geometry):
        self.tiles, self.bank_bits = geometry.tiles, geometry.bank_bits
        self.family = geometry.family
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
                "addresses": Out(data.ArrayLayout(ADDRESS_BITS, geometry.tiles)),
                "words": Out(words),
            }
        )
        self._base, self._row, self._bank = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS), Signal(BANK_BITS)

    def elaborate(self, platform):
        m = Module()
        load = self.load
        blocks = self._walk(m)
        base, row, bank = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS), Signal(self.bank_bits)
        m.d.comb += [
            base.eq(Mux(load.enable, load.address, self._base)),
            row.eq(Mux(load.enable, 0, self._row)),
            bank.eq(Mux(load.enable, load.bank, self._bank)),
        ]
        words = [Mux(load.enable, load.word, self.codes[0]), *list(self.codes)[1:]]
        enables = [self._writes(m, tile, blocks) for tile in range(self.tiles)]
        if self.tiles == 1:
            m.d.comb += [
                self.enables.eq(enables[0]),
                self.addresses[0].eq(base + row),
                self.words[0].eq(words[0]),
            ]
        else:
            self._rotate(m, enables, base, row, bank, words)
        return m

    def _writes(self, m, tile, blocks):
        """Tile 0 also writes what is loaded; a tile without a block does not write. Which these are is known
        long before a group's first codes."""
        if not tile:
            return self.valid | self.load.enable
        has_block = Signal(name=f"has_block_{tile}")
        m.d.sync += has_block.eq((tile & low_bits(self.layer.blocks_log2, self.tiles)) < blocks)
        return self.valid & has_block

    def _rotate(self, m, enables, base, row, bank, words):
        layer = self.layer
        offsets = block_offsets(
            m, self.tiles, layer.out_band_words, layer.out_fold, layer.blocks_log2, "offset"
        )
        for target in range(self.tiles):
            m.submodules[f"address_{target}"] = address = TernaryAdder(ADDRESS_BITS, self.family)
            m.d.comb += [address.a.eq(base), address.b.eq(row), address.c.eq(rotated(offsets, target, bank))]
            m.d.sync += [
                self.enables[target].eq(rotated(enables, target, bank)),
                self.addresses[target].eq(address.y),
                self.words[target].eq(rotated(words, target, bank)),
            ]

    def _walk(self, m):
        """Follows a band's rows into the next bands, and group after group; returns the group's blocks."""
        layer, groups_left, group_bank = self.layer, Signal(8), Signal(BANK_BITS)
        with m.If(self.valid):
            m.d.sync += self._row.eq(self._row + 1)
            with m.If(self._row == layer.out_band_words - 1):
                m.d.sync += [self._row.eq(0), self._bank.eq(self._bank + (1 << layer.out_fold))]
            with m.If(self.last):
                m.d.sync += [
                    groups_left.eq(groups_left - 1),
                    self._base.eq(self._base + layer.out_group_stride),
                    self._row.eq(layer.out_row),
                    self._bank.eq(group_bank + layer.tile_blocks),
                    group_bank.eq(group_bank + layer.tile_blocks),
                ]
        with m.If(self.start):
            m.d.sync += [
                groups_left.eq(layer.out_groups - 1),
                self._base.eq(layer.out_base),
                self._row.eq(layer.out_row),
                self._bank.eq(layer.out_bank),
                group_bank.eq(layer.out_bank),
            ]
        return Mux(groups_left == 0, layer.last_blocks, layer.tile_blocks)
