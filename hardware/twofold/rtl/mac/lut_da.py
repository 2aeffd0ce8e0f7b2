"""Distributed arithmetic: bits of the activations look sums of weights up in LUT memories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Shape

from twofold.network.types import IntArray, IntType, width_of
from twofold.rtl.mac.interface import PeArray, PeKind
from twofold.rtl.mac.lut_da_tile import LutDaTile
from twofold.rtl.mac.subset_sums import GROUP, STEPS, SubsetSumGenerator, SubsetSumLayout
from twofold.rtl.mac.table_filler import TableFiller
from twofold.rtl.mac.ternary_tree import Plan, Term, plan_tree
from twofold.rtl.mac.weight_code import INT4, WeightCode
from twofold.rtl.mac.weight_stage import StageLayout, WeightStage
from twofold.rtl.primitives.family import Family

UINT8 = IntType(False, 8)


@dataclass(frozen=True)
class LutDa(PeKind):
    """Weights of any code of at most 8 bits, INT4 and APoT4 alike, and activations of 1 to 8 bits.

    For each bit plane of the activations and each four inputs a memory of LUTs holds, for each output, the
    16 sums of subsets of four weights (Peled and Liu 1974); the plane's four bits are its address. Tables
    are filled one entry a cycle while the other set is in use. A signed activation is taken as the unsigned
    a + 2^(bits − 1); `correction` is what that is too much.

    weights: the set of weights and its code in memory. activations: scale and zero point play no part.
    addends: how many numbers an output may leave as; 2 leaves the last addition to `PartialSums`.
    Memory words are those of `StageLayout`, column o · tin/4 + q being inputs 4q to 4q + 3 of output o.
    """

    weights: WeightCode = INT4
    activations: IntType = UINT8
    addends: int = 1
    family: Family = Family.PORTABLE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tin % GROUP:
            raise ValueError(f"expected inputs by {GROUP}, got {self.tin}")
        if self.activations.bits > 8:
            raise ValueError(f"expected an activation width of 1 to 8 bits, got {self.activations.bits}")
        if self.addends not in (1, 2):
            raise ValueError(f"expected one or two addends, got {self.addends}")

    @property
    def name(self) -> str:
        return "lut_da"

    @property
    def activation_shape(self) -> Shape:
        return Shape(self.activations.bits, self.activations.signed)

    @property
    def activation_range(self) -> tuple[int, int]:
        return self.activations.lo, self.activations.hi

    @property
    def sum_range(self) -> tuple[int, int]:
        greatest = self.tin * ((1 << self.activations.bits) - 1)
        return greatest * self.weights.low, greatest * self.weights.high

    @property
    def groups(self) -> int:
        """Tables of an output and a bit plane."""
        return self.tin // GROUP

    @property
    def layout(self) -> SubsetSumLayout:
        """The tile as columns of four weights."""
        return SubsetSumLayout(self.tout * self.groups, self.weights)

    @property
    def stage(self) -> StageLayout:
        """The tile as memory words of 8·tin bits."""
        return StageLayout(self.layout, 8 * self.tin)

    @property
    def load_words(self) -> int:
        return self.stage.words

    @property
    def settle(self) -> int:
        """All entries, the last of them written in the cycle of the swap."""
        return WeightStage.LATENCY + SubsetSumGenerator.LATENCY + STEPS - 2

    @property
    def leaves(self) -> tuple[Term, ...]:
        """What the tables of one output add up: plane by plane, from inputs 0 to 3 on."""
        planes = range(self.activations.bits)
        return tuple(Term(*self.layout.sum_range, plane) for plane in planes for _ in range(self.groups))

    @property
    def tree(self) -> Plan:
        """How one output's leaves are added."""
        return plan_tree(self.leaves, self.addends)

    @property
    def addend_bits(self) -> int:
        return max(
            width_of(min(root.low, -1) << root.shift, root.high << root.shift) for root in self.tree.roots
        )

    @property
    def latency(self) -> int:
        """Input register, table register, tree."""
        return 2 + len(self.tree.levels)

    def refusal(self, weights: IntArray) -> str | None:
        return self.weights.refusal(weights)

    def words(self, weights: IntArray) -> list[int]:
        return self.stage.encode(weights)

    def place_words(self, weights: IntArray) -> list[int]:
        """The four words of `layout` of weights [tout, tin] that are known to be accepted."""
        return self.layout.place_words(weights)

    def correction(self, weights: IntArray) -> IntArray:
        return self.activations.lo * np.asarray(weights, np.int64).sum(axis=1)

    def component(self) -> PeArray:
        return LutDaArray(self)


class LutDaArray(PeArray):
    """A tile, and what fills its tables from memory words; ports as in `PeArray`."""

    kind: LutDa

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.filler = filler = TableFiller(self.kind)
        m.submodules.tile = tile = LutDaTile(self.kind)
        m.d.comb += [
            filler.load_valid.eq(self.load_valid),
            filler.load_index.eq(self.load_index),
            filler.load_word.eq(self.load_word),
            tile.a.eq(self.a),
            tile.swap.eq(self.swap),
            tile.enable.eq(filler.tables.enable),
            tile.fill.eq(filler.tables.fill),
            self.y.eq(tile.y),
        ]
        return m
