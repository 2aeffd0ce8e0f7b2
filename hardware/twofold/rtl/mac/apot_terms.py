"""The terms of additive powers of two as numbers to add: activations, shifted as the weights' codes say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from amaranth.hdl import Cat, Const, Module, Signal, Value, unsigned

from twofold.rtl.mac.ternary_tree import Term
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.gated_adder import GatedAdder
from twofold.rtl.primitives.lut_pair import INPUTS, lut_pair


@dataclass(frozen=True)
class Chosen:
    """What one weight takes from one table: the activation, its complement if the weight is negative,
    and the index into the table."""

    activation: Value
    negative: Value
    index: Value


@dataclass(frozen=True)
class PowerTable:
    """One term of a weight: 2^k entries that are 0 or a power of two, at least one of them not 0."""

    entries: tuple[int, ...]

    @property
    def index_bits(self) -> int:
        return len(self.entries).bit_length() - 1

    @property
    def shift(self) -> int:
        """Exponent of the least power."""
        return min(entry.bit_length() for entry in self.entries if entry) - 1

    @property
    def is_gate(self) -> bool:
        """Whether the index alone says if the activation counts, always at the same place."""
        return len(self.entries) == 2 and not self.entries[0]

    def leaves(self, inputs: int, greatest: int) -> list[Term]:
        """What `terms` gives for this many weights and activations from 0 to `greatest`."""
        if self.is_gate:
            pairs, rest = divmod(inputs, 2)
            return [Term(0, 2 * greatest, self.shift)] * pairs + [Term(0, greatest, self.shift)] * rest
        return [Term(0, (max(self.entries) >> self.shift) * greatest, self.shift)] * inputs

    def luts(self, inputs: int, width: int) -> int:
        """LUTs of `terms` on xc7 for this many weights and activations of `width` bits."""
        bits = self._bits(width)
        one = len(bits) - len(self._pairs(bits))
        if self.is_gate:
            return inputs // 2 * width + inputs % 2 * one
        return inputs * one

    def terms(self, m: Module, chosen: Sequence[Chosen], family: Family, name: str) -> list[Value]:
        """Numbers whose sum times 2^shift is this table's part of the weights' sum; combinational.

        A gate's terms come added by two, as a LUT that adds has inputs left for the gates of both.
        """
        if not self.is_gate:
            return [self._selected(m, one, family, f"{name}_{place}") for place, one in enumerate(chosen)]
        values = []
        for place in range(0, len(chosen) - 1, 2):
            m.submodules[f"{name}_{place}"] = adder = GatedAdder(len(chosen[place].activation), family)
            for operand, one in zip("ab", chosen[place : place + 2], strict=True):
                m.d.comb += [
                    getattr(adder, operand).eq(one.activation),
                    getattr(adder, f"{operand}_inverted").eq(one.negative),
                    getattr(adder, f"{operand}_used").eq(one.index),
                ]
            values.append(adder.y)
        if len(chosen) % 2:
            values.append(self._selected(m, chosen[-1], family, f"{name}_{len(chosen) - 1}"))
        return values

    def _selected(self, m: Module, chosen: Chosen, family: Family, name: str) -> Value:
        bits = self._bits(len(chosen.activation))
        value = Signal(unsigned(len(bits)), name=name)
        pairs = [] if family is Family.PORTABLE else self._pairs(bits)
        for first, second in pairs:
            pair = _mapped(m, chosen, bits[first], bits[second], f"{name}_{first}_{second}")
            m.d.comb += Cat(value[first], value[second]).eq(Cat(*pair))
        for place in set(range(len(bits))) - {place for pair in pairs for place in pair}:
            m.d.comb += value[place].eq(bits[place].expression(chosen))
        return value

    def _bits(self, width: int) -> list[ShiftedBit]:
        """The bits of a shifted activation of `width` bits, lowest first."""
        places = {
            index: entry.bit_length() - 1 - self.shift for index, entry in enumerate(self.entries) if entry
        }
        return [
            ShiftedBit({index: bit - place for index, place in places.items() if 0 <= bit - place < width})
            for bit in range(width + max(places.values()))
        ]

    def _pairs(self, bits: Sequence[ShiftedBit]) -> list[tuple[int, int]]:
        """Pairs of bits that a LUT can give together, those that depend on most of the activation first."""
        inputs = INPUTS - 1 - self.index_bits
        left = sorted(range(len(bits)), key=lambda place: -len(bits[place].data))
        pairs = []
        while left:
            first = left.pop(0)
            needed = {place: len(bits[first].data | bits[place].data) for place in left}
            second = min(left, key=lambda place: needed[place], default=first)
            if needed.get(second, INPUTS) <= inputs:
                left.remove(second)
                pairs.append((first, second))
        return pairs


@dataclass(frozen=True)
class ShiftedBit:
    """One bit of an activation after a shift. sources: by table index, which bit it was; none gives 0."""

    sources: Mapping[int, int]

    @cached_property
    def data(self) -> frozenset[int]:
        """The bits of the activation that it can be."""
        return frozenset(self.sources.values())

    def expression(self, chosen: Chosen) -> Value:
        value: Value = Const(0, 1)
        for index, bit in self.sources.items():
            value |= (chosen.index == index) & (chosen.activation[bit] ^ chosen.negative)
        return value

    def value(self, index: int, negative: int, activation: Mapping[int, int]) -> int:
        source = self.sources.get(index)
        return 0 if source is None else activation[source] ^ negative


def _mapped(
    m: Module, chosen: Chosen, first: ShiftedBit, second: ShiftedBit, name: str
) -> tuple[Value, Value]:
    """Both bits from one LUT."""
    data = sorted(first.data | second.data)
    inputs = [*(chosen.activation[bit] for bit in data), chosen.negative, *chosen.index]

    def function(bit: ShiftedBit, values: Sequence[int]) -> int:
        index = sum(one << place for place, one in enumerate(values[len(data) + 1 :]))
        return bit.value(index, values[len(data)], dict(zip(data, values, strict=False)))

    return lut_pair(
        m, inputs, lambda values: function(first, values), lambda values: function(second, values), name
    )
