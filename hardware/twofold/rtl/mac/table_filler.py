"""Fills the tables of distributed arithmetic from weight memory words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.subset_sums import SubsetSumGenerator
from twofold.rtl.mac.weight_stage import WeightStage

if TYPE_CHECKING:
    from twofold.rtl.mac.lut_da import LutDa


class FillPort(wiring.Signature):
    """While `enable`: a subset of four weights and its sum in each column of the tables in waiting."""

    def __init__(self, kind: LutDa) -> None:
        super().__init__({"enable": Out(1), "fill": Out(kind.layout.fill)})


class TableFiller(wiring.Component):
    """Stages a tile's words, and then gives all its subset sums, for any number of tiles at once.

    load_valid, load_index, load_word: see `PeArray`. `kind.settle` cycles after the last word the tables
    may be used.
    tables: to every tile that computes with these weights.
    """

    def __init__(self, kind: LutDa) -> None:
        self.kind = kind
        super().__init__(
            {
                "load_valid": In(1),
                "load_index": In(range(kind.load_words)),
                "load_word": In(kind.stage.word_bits),
                "tables": Out(FillPort(kind)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.stage = stage = WeightStage(self.kind.stage, self.kind.family)
        m.submodules.generator = generator = SubsetSumGenerator(
            self.kind.layout, self.kind.family, memory_latency=stage.LATENCY
        )
        m.d.comb += [
            stage.load_valid.eq(self.load_valid),
            stage.load_index.eq(self.load_index),
            stage.load_word.eq(self.load_word),
            stage.place.eq(generator.place),
            generator.go.eq(stage.go),
            generator.targets.eq(1),
            generator.weights.eq(stage.weights),
            self.tables.enable.eq(generator.enable),
            self.tables.fill.eq(generator.fill),
        ]
        return m
