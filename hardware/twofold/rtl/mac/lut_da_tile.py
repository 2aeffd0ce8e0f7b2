"""One tile of distributed arithmetic: tables that are filled from outside, and trees of adders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.subset_sums import GROUP
from twofold.rtl.mac.ternary_tree import ternary_tree
from twofold.rtl.primitives.table_ram import TableRam

if TYPE_CHECKING:
    from twofold.rtl.mac.lut_da import LutDa


class LutDaTile(wiring.Component):
    """`tin` activations in and `tout` sums out every cycle, from one of two sets of tables.

    The sums are on `y` exactly `kind.latency` cycles after their vector. The set that is not in use may be
    filled meanwhile, in any order; all 16 subsets must have been given, the last of them at the latest
    in the cycle of the swap.

    Members
    -------
    a : In(ArrayLayout(kind.activation_shape, tin))
    swap : In(1)
        The vector on `a` is the first to meet the set that was filled last.
    enable : In(1)
    fill : In(kind.layout.fill)
        While `enable`: a subset, and its sum in each column of the set in waiting.
    y : Out(ArrayLayout(signed(kind.addend_bits), tout * kind.addends))
        As `PeArray.y`.
    """

    def __init__(self, kind: LutDa) -> None:
        self.kind = kind
        super().__init__(
            {
                "a": In(data.ArrayLayout(kind.activation_shape, kind.tin)),
                "swap": In(1),
                "enable": In(1),
                "fill": In(kind.layout.fill),
                "y": Out(data.ArrayLayout(signed(kind.addend_bits), kind.tout * kind.addends)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kind = self.kind
        entries = list(self._entries(m))
        for output in range(kind.tout):
            own = [entry.word_select(output, kind.layout.sum_bits).as_signed() for entry in entries]
            addends = ternary_tree(m, own, kind.leaves, kind.family, f"sum_{output}", kind.addends)
            for place, addend in enumerate(addends):
                m.d.comb += self.y[place * kind.tout + output].eq(addend)
        return m

    def _entries(self, m: Module) -> Iterator[Signal]:
        """One word a leaf, the entries of all outputs side by side, two cycles after `a`."""
        kind = self.kind
        chosen = Signal()
        m.d.sync += chosen.eq(chosen ^ self.swap)
        activations = Signal.like(self.a.as_value(), name="activations", reset_less=True)
        m.d.sync += activations.eq(self.a)
        for plane in range(kind.activations.bits):
            for group in range(kind.groups):
                name = f"table_{plane}_{group}"
                m.submodules[name] = table = TableRam(kind.layout.sum_bits * kind.tout, kind.family)
                m.d.comb += [
                    table.read_address.eq(Cat(self._plane(activations, plane, group), chosen)),
                    table.write_enable.eq(self.enable),
                    table.write_address.eq(Cat(self._place_of_subset(plane), ~chosen)),
                    table.write_data.eq(self._column_sums(group)),
                ]
                entry = Signal(kind.layout.sum_bits * kind.tout, name=f"{name}_entry", reset_less=True)
                m.d.sync += entry.eq(table.read_data)
                yield entry

    def _plane(self, activations: Signal, plane: int, group: int) -> Value:
        """Bit `plane` of the group's four activations."""
        first = group * GROUP
        width = self.kind.activations.bits
        return Cat(*(activations[index * width + plane] for index in range(first, first + GROUP)))

    def _place_of_subset(self, plane: int) -> Value:
        # A sign bit counts as its complement does, less one: its tables are addressed by the complement.
        sign = self.kind.activations.signed and plane == self.kind.activations.bits - 1
        return ~self.fill.subset if sign else self.fill.subset

    def _column_sums(self, group: int) -> Value:
        outputs = range(self.kind.tout)
        return Cat(*(self.fill.sums[output * self.kind.groups + group] for output in outputs))
