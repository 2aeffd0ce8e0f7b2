"""Distributed arithmetic: bits of the activations look sums of weights up in LUT memories."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Shape, Signal, Value, unsigned

from twofold.network.types import IntArray
from twofold.rtl.mac.interface import PeArray, PeKind, outside, pack
from twofold.rtl.mac.subset_sums import GROUP, STEPS, SubsetSumGenerator, SubsetSumLayout
from twofold.rtl.mac.ternary_tree import Term, plan_tree, ternary_tree
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.table_ram import TableRam


@dataclass(frozen=True)
class LutDa(PeKind):
    """Weights in [low, high], low ≤ 0 ≤ high, of at most 8 bits; INT4 and APoT4 (−10, 10) alike.

    activation_bits: width of the unsigned activations. For each bit plane and each four inputs a memory of
    LUTs holds, for each output, the 16 sums of subsets of four weights (Peled and Liu 1974); the plane's
    four bits are its address. Tables are filled one entry a cycle while the other set is in use.
    Memory words are those of `SubsetSumLayout`, column o · tin/4 + q being inputs 4q to 4q + 3 of output o.
    """

    low: int = -8
    high: int = 7
    activation_bits: int = 8
    family: Family = Family.PORTABLE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tin % GROUP:
            raise ValueError(f"expected inputs by {GROUP}, got {self.tin}")
        if not -128 <= self.low <= 0 < self.high <= 127:
            raise ValueError(f"expected weights from [-128, 0] to [1, 127], got [{self.low}, {self.high}]")
        if not 1 <= self.activation_bits <= 8:
            raise ValueError(f"expected an activation width of 1 to 8 bits, got {self.activation_bits}")

    @property
    def name(self) -> str:
        return "lut_da"

    @property
    def activation_shape(self) -> Shape:
        return unsigned(self.activation_bits)

    @property
    def activation_range(self) -> tuple[int, int]:
        return 0, (1 << self.activation_bits) - 1

    @property
    def sum_range(self) -> tuple[int, int]:
        greatest = self.tin * self.activation_range[1]
        return greatest * self.low, greatest * self.high

    @property
    def groups(self) -> int:
        """Tables of an output and a bit plane."""
        return self.tin // GROUP

    @property
    def layout(self) -> SubsetSumLayout:
        return SubsetSumLayout(self.tout * self.groups, self.low, self.high, 8 * self.tin)

    @property
    def load_words(self) -> int:
        return self.layout.words

    @property
    def settle(self) -> int:
        """All entries, the last of them written in the cycle of the swap."""
        return SubsetSumGenerator.LATENCY + STEPS - 2

    @property
    def leaves(self) -> tuple[Term, ...]:
        """What the tables of one output add up: plane by plane, from inputs 0 to 3 on."""
        planes = range(self.activation_bits)
        return tuple(Term(*self.layout.sum_range, plane) for plane in planes for _ in range(self.groups))

    @property
    def latency(self) -> int:
        """Input register, table register, tree."""
        return 2 + len(plan_tree(self.leaves))

    def refusal(self, weights: IntArray) -> str | None:
        return outside(weights, self.low, self.high)

    def words(self, weights: IntArray) -> list[int]:
        layout = self.layout
        columns = weights.reshape(layout.columns, GROUP)
        starts = range(0, layout.columns, layout.columns_per_word)
        return [
            pack(columns[start : start + layout.columns_per_word, place], layout.weight_bits)
            for start in starts
            for place in range(GROUP)
        ]

    def component(self) -> PeArray:
        return LutDaArray(self)


class LutDaArray(PeArray):
    """Tables, trees of ternary adders, and the generator that fills the tables; ports as in `PeArray`."""

    kind: LutDa

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.generator = generator = SubsetSumGenerator(self.kind.layout, self.kind.family)
        m.d.comb += [
            generator.load_valid.eq(self.load_valid),
            generator.load_index.eq(self.load_index),
            generator.load_word.eq(self.load_word),
        ]
        values = self._tables(m, generator)
        for output in range(self.kind.tout):
            own = [value.word_select(output, self.kind.layout.sum_bits).as_signed() for value in values]
            tree = ternary_tree(m, own, self.kind.leaves, self.kind.family, f"sum_{output}")
            m.d.comb += self.y[output].eq(tree)
        return m

    def _tables(self, m: Module, generator: SubsetSumGenerator) -> list[Signal]:
        """One word a leaf, the entries of all outputs side by side, two cycles after `a`."""
        bits = self.kind.layout.sum_bits * self.kind.tout
        chosen, used = Signal(), Signal()
        m.d.comb += used.eq(chosen ^ self.swap)
        m.d.sync += chosen.eq(used)
        activations = Signal.like(self.a.as_value(), name="activations", reset_less=True)
        m.d.sync += activations.eq(self.a)
        entries = []
        for plane in range(self.kind.activation_bits):
            for group in range(self.kind.groups):
                name = f"table_{plane}_{group}"
                m.submodules[name] = table = TableRam(bits, self.kind.family)
                m.d.comb += [
                    table.read_address.eq(Cat(self._plane(activations, plane, group), chosen)),
                    table.write_enable.eq(generator.valid),
                    table.write_address.eq(Cat(generator.subset, ~chosen)),
                    table.write_data.eq(self._column_sums(generator, group)),
                ]
                entry = Signal(bits, name=f"{name}_entry", reset_less=True)
                m.d.sync += entry.eq(table.read_data)
                entries.append(entry)
        return entries

    def _plane(self, activations: Signal, plane: int, group: int) -> Value:
        """Bit `plane` of the group's four activations."""
        first = group * GROUP
        width = self.kind.activation_bits
        return Cat(*(activations[index * width + plane] for index in range(first, first + GROUP)))

    def _column_sums(self, generator: SubsetSumGenerator, group: int) -> Value:
        outputs = range(self.kind.tout)
        return Cat(*(generator.sums[output * self.kind.groups + group] for output in outputs))
