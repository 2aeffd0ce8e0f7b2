"""Banks of weights, which are read at one address and in order."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bounds import reaches
from twofold.rtl.deep_memory import DeepMemory
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.inner_product import ProductTiming
from twofold.rtl.isa import ADDRESS_BITS
from twofold.rtl.mac.kinds import table_kind
from twofold.rtl.mac.table_filler import FillPort, TableFiller
from twofold.rtl.result_writer import WritePort
from twofold.rtl.weight_loader import WeightLoader


class WeightMemory(wiring.Component):
    """One bank for each block of output channels that is convolved at a time, and what reads them.

    restart, base, load, words, more, valid, index, second: as for `WeightLoader`.
    write: for loading; a word goes to all banks that differ from its own by multiples of its step.
    pe: which kind is loaded, as in a LAYER.
    outside: a word is read that the banks do not have.
    bank_words: each bank's word, with `valid`.
    tables: with `lut_da` only: what fills the tables of the tiles that a bank feeds.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self.index_bits = ProductTiming.of(geometry).index_bits
        self.table_kind = table_kind(geometry)
        kind = self.table_kind
        tables = {"tables": Out(FillPort(kind)).array(geometry.weight_banks)} if kind else {}
        super().__init__(
            {
                "pe": In(range(len(geometry.kinds) + 1)),
                "restart": In(1),
                "base": In(ADDRESS_BITS),
                "load": In(1),
                "words": In(self.index_bits + 1),
                "more": In(self.index_bits + 1),
                "write": In(WritePort(geometry.weight_word_bits)),
                "valid": Out(1),
                "outside": Out(1),
                "index": Out(unsigned(self.index_bits)),
                "second": Out(1),
                "bank_words": Out(data.ArrayLayout(geometry.weight_word_bits, geometry.weight_banks)),
                **tables,
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.loader = loader = WeightLoader(self.index_bits, self.geometry.beside is not None)
        m.d.comb += [
            loader.restart.eq(self.restart),
            loader.base.eq(self.base),
            loader.load.eq(self.load),
            loader.words.eq(self.words),
            loader.more.eq(self.more),
            self.valid.eq(loader.valid),
            self.outside.eq(loader.reads & reaches(Cat(loader.address, 0), self.geometry.weight_words)),
            self.index.eq(loader.index),
            self.second.eq(loader.second),
        ]
        write, geometry = self.write, self.geometry
        for bank in range(geometry.weight_banks):
            memory = DeepMemory(geometry.weight_word_bits, geometry.weight_words)
            m.submodules[f"bank_{bank}"] = memory
            here = (bank & (write.bank_step - 1)) == write.bank
            m.d.comb += [
                memory.write.eq(write.enable & here),
                memory.write_address.eq(write.address),
                memory.write_word.eq(write.word),
                memory.address.eq(loader.address),
            ]
            m.d.sync += self.bank_words[bank].eq(memory.word)
            if self.table_kind:
                self._fill(m, bank)
        return m

    def _fill(self, m, bank):
        m.submodules[f"filler_{bank}"] = filler = TableFiller(self.table_kind)
        wiring.connect(m, filler.tables, wiring.flipped(self.tables[bank]))
        m.d.comb += [
            filler.load_valid.eq(self.valid & (self.pe == self.geometry.kinds.index(PeName.LUT_DA) + 1)),
            filler.load_index.eq(self.index),
            filler.load_word.eq(self.bank_words[bank]),
        ]
