"""Additive powers of two: a weight is a sign and one term of each of two tables, applied by shifts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Module, Shape, Signal, Value, signed, unsigned

from twofold.network.types import IntArray, width_of
from twofold.rtl.mac.interface import PeArray, PeKind, pack
from twofold.rtl.mac.pipeline import adder_tree, registered_activations, tree_levels, weight_words


@dataclass(frozen=True)
class ApotShift(PeKind):
    """Weights ±(t0 + t1) with t0 from the first table and t1 from the second.

    terms: two tables of zeros and powers of two, each a power of two long; the default is the 4-bit set
    ±{0, 1, 2, 3, 4, 6, 8, 10}. activation_bits: width of the unsigned activations. A weight's code is,
    from the lowest bit, the index into the second table, the index into the first, and the sign; a
    byte of a memory word holds as many whole codes as fit. Codes are stored output by output, input 0
    lowest, and fill each word before the next begins.

    A negative weight contributes the ones' complements of its two terms, each one less than the
    negated term: `correction` is twice the number of negative weights of each output.
    """

    terms: tuple[tuple[int, ...], tuple[int, ...]] = ((0, 1, 4, 8), (0, 2))
    activation_bits: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        for table in self.terms:
            if len(table).bit_count() != 1 or any(term < 0 or term.bit_count() > 1 for term in table):
                raise ValueError(f"expected 2^k terms that are 0 or a power of two, got {table}")
        if not 1 <= self.activation_bits <= 8:
            raise ValueError(f"expected an activation width of 1 to 8 bits, got {self.activation_bits}")
        if self.code_bits > 8:
            raise ValueError(f"expected codes of at most 8 bits, got {self.code_bits} for {self.terms}")

    @property
    def name(self) -> str:
        return "apot_shift"

    @property
    def activation_shape(self) -> Shape:
        return unsigned(self.activation_bits)

    @property
    def activation_range(self) -> tuple[int, int]:
        return 0, (1 << self.activation_bits) - 1

    @property
    def magnitude_max(self) -> int:
        """The greatest weight."""
        return sum(max(table) for table in self.terms)

    @property
    def product_bits(self) -> int:
        """Width of one signed product, complements included."""
        return width_of(*self._product_range)

    @property
    def _product_range(self) -> tuple[int, int]:
        high = self.magnitude_max * self.activation_range[1]
        return -high - 2, high

    @property
    def sum_range(self) -> tuple[int, int]:
        low, high = self._product_range
        return self.tin * low, self.tin * high

    @property
    def select_bits(self) -> tuple[int, int]:
        """Widths of the indices into the two tables."""
        first, second = (len(table).bit_length() - 1 for table in self.terms)
        return first, second

    @property
    def code_bits(self) -> int:
        """Width of one weight in memory."""
        return 1 + sum(self.select_bits)

    @property
    def codes_per_word(self) -> int:
        return 8 // self.code_bits * self.tin

    @property
    def load_words(self) -> int:
        return -(-self.tin * self.tout // self.codes_per_word)

    @property
    def latency(self) -> int:
        """Input register, product register, tree."""
        return 2 + tree_levels(self.tin)

    @cached_property
    def codes(self) -> dict[int, int]:
        """Code of each weight; the first spelling where two terms give the same weight."""
        found: dict[int, int] = {}
        for sign in (0, 1):
            for first, large in enumerate(self.terms[0]):
                for second, small in enumerate(self.terms[1]):
                    code = sign << (self.code_bits - 1) | first << self.select_bits[1] | second
                    found.setdefault((1 - 2 * sign) * (large + small), code)
        return found

    def refusal(self, weights: IntArray) -> str | None:
        wrong = weights[~np.isin(weights, list(self.codes))]
        if not wrong.size:
            return None
        levels = sorted(weight for weight in self.codes if weight >= 0)
        return f"expected weights ±{levels}, found {wrong[0]}"

    def words(self, weights: IntArray) -> list[int]:
        codes = [self.codes[int(weight)] for weight in weights.flatten()]
        starts = range(0, len(codes), self.codes_per_word)
        return [pack(codes[start : start + self.codes_per_word], self.code_bits) for start in starts]

    def correction(self, weights: IntArray) -> IntArray:
        return 2 * np.count_nonzero(np.asarray(weights) < 0, axis=1).astype(np.int64)

    def component(self) -> PeArray:
        return ApotShiftArray(self)


class ApotShiftArray(PeArray):
    """Two multiplexers of shifts and one addition a weight, no multiplication; ports as in `PeArray`."""

    kind: ApotShift

    def elaborate(self, platform: object) -> Module:
        m = Module()
        activations = registered_activations(m, self)
        words = weight_words(m, self)
        for output in range(self.kind.tout):
            products = []
            for index, activation in enumerate(activations):
                position = output * self.kind.tin + index
                word = words[position // self.kind.codes_per_word]
                code = word.word_select(position % self.kind.codes_per_word, self.kind.code_bits)
                name = f"product_{output}_{index}"
                product = Signal(signed(self.kind.product_bits), name=name, reset_less=True)
                m.d.sync += product.eq(shifted_product(m, self.kind, activation, code, name))
                products.append(product)
            m.d.comb += self.y[output].eq(adder_tree(m, products, f"sum_{output}"))
        return m


def shifted_product(m: Module, kind: ApotShift, activation: Value, code: Value, name: str) -> Value:
    """One product, or two less than it for a negative weight; signed."""
    second_bits = kind.select_bits[1]
    selects = code[second_bits:-1], code[:second_bits]
    # Complementing the terms and not their sum lets the complement share the LUTs of the shifts.
    large, small = (
        _term(m, table, activation, select, code[-1], f"{name}_term{rank}")
        for rank, (table, select) in enumerate(zip(kind.terms, selects, strict=True))
    )
    return large + small


def _term(
    m: Module, table: tuple[int, ...], activation: Value, select: Value, sign: Value, name: str
) -> Value:
    shifts = [term.bit_length() - 1 for term in table]
    value = Signal(len(activation) + max(0, *shifts), name=name)
    with m.Switch(select):
        for index, shift in enumerate(shifts):
            if shift >= 0:
                with m.Case(index):
                    m.d.comb += value.eq(activation << shift)
    return Cat(value ^ sign.replicate(len(value)), sign).as_signed()
