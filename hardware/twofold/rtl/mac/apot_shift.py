"""Additive powers of two: a weight is a sign and one term of each of a few tables, applied by shifts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from amaranth.hdl import Module, Shape, Signal, Value, unsigned

from twofold.network.types import IntArray
from twofold.rtl.mac.apot_terms import Chosen, PowerTable
from twofold.rtl.mac.interface import PeArray, PeKind, pack
from twofold.rtl.mac.pipeline import registered_activations, weight_words
from twofold.rtl.mac.ternary_tree import Term, plan_tree, ternary_tree
from twofold.rtl.primitives.family import Family


@dataclass(frozen=True)
class ApotShift(PeKind):
    """Weights ±(t0 + t1 + …) with t0 from the first table, t1 from the second, and so on.

    terms: tables of zeros and powers of two, each 2^k long; those of a width of arXiv 1909.13144 are
    `quant.levels.weight_levels(bits).terms`, the default is that of 4 bits, ±{0, 1, 2, 3, 4, 6, 8, 10}.
    activation_bits: width of the unsigned activations. A weight's code is, from the lowest bit, the
    index into the last table, …, the index into the first, and the sign; a byte of a memory word holds
    as many whole codes as fit. Codes are stored output by output, input 0 lowest, and fill each word
    before the next begins.

    A negative weight −w meets the ones' complement of its activation, and (2^n − 1 − a)·w is
    (2^n − 1)·w more than −w·a: so no number in the array has a sign, and `correction` is 2^n − 1 times
    the sum of the negative weights of each output.
    """

    terms: tuple[tuple[int, ...], ...] = ((0, 1, 4, 8), (0, 2))
    activation_bits: int = 8
    family: Family = Family.PORTABLE

    def __post_init__(self) -> None:
        super().__post_init__()
        for table in self.terms:
            if len(table).bit_count() != 1 or any(term < 0 or term.bit_count() > 1 for term in table):
                raise ValueError(f"expected 2^k terms that are 0 or a power of two, got {table}")
        if not self.tables:
            raise ValueError(f"expected a table with a power of two, got {self.terms}")
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
    def sum_range(self) -> tuple[int, int]:
        return 0, self.tin * self.magnitude_max * self.activation_range[1]

    @property
    def tables(self) -> tuple[PowerTable, ...]:
        """Those of `terms` that are not all zero."""
        return tuple(PowerTable(table) for table in self.terms if any(table))

    @property
    def index_bits(self) -> tuple[int, ...]:
        """Widths of the indices into `terms`."""
        return tuple(len(table).bit_length() - 1 for table in self.terms)

    @property
    def code_bits(self) -> int:
        """Width of one weight in memory."""
        return 1 + sum(self.index_bits)

    @property
    def codes_per_word(self) -> int:
        return 8 // self.code_bits * self.tin

    @property
    def load_words(self) -> int:
        return -(-self.tin * self.tout // self.codes_per_word)

    @property
    def leaves(self) -> tuple[Term, ...]:
        """The numbers that one output adds up, table after table."""
        greatest = self.activation_range[1]
        return tuple(leaf for table in self.tables for leaf in table.leaves(self.tin, greatest))

    @property
    def latency(self) -> int:
        """Input register, register of the terms, tree."""
        return 2 + len(plan_tree(self.leaves).levels)

    @cached_property
    def codes(self) -> dict[int, int]:
        """Code of each weight; the first spelling where different terms give the same weight."""
        found: dict[int, int] = {}
        for sign in (0, 1):
            for code, terms in enumerate(product(*self.terms)):
                found.setdefault((1 - 2 * sign) * sum(terms), sign << (self.code_bits - 1) | code)
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
        return self.activation_range[1] * np.minimum(np.asarray(weights, np.int64), 0).sum(axis=1)

    def component(self) -> PeArray:
        return ApotShiftArray(self)


class ApotShiftArray(PeArray):
    """For each weight one multiplexer of shifts a table, and a tree of ternary adders for each output.

    xc7: a LUT gives two bits of a multiplexer, or adds a bit of two terms that are only switched on and
    off; the tree takes one LUT for each bit of a sum of three. Ports as in `PeArray`.
    """

    kind: ApotShift

    def elaborate(self, platform: object) -> Module:
        m = Module()
        activations = registered_activations(m, self)
        words = weight_words(m, self)
        for output in range(self.kind.tout):
            codes = []
            for position in range(output * self.kind.tin, (output + 1) * self.kind.tin):
                word, place = divmod(position, self.kind.codes_per_word)
                codes.append(words[word].word_select(place, self.kind.code_bits))
            registered = []
            for index, value in enumerate(terms(m, self.kind, activations, codes, f"term_{output}")):
                register = Signal.like(value, name=f"leaf_{output}_{index}", reset_less=True)
                m.d.sync += register.eq(value)
                registered.append(register)
            (total,) = ternary_tree(m, registered, self.kind.leaves, self.kind.family, f"sum_{output}")
            m.d.comb += self.y[output].eq(total)
        return m


def terms(
    m: Module, kind: ApotShift, activations: list[Signal], codes: list[Value], name: str
) -> list[Value]:
    """The numbers that `kind.leaves` describes, for the weights with these codes; combinational."""
    values: list[Value] = []
    low = kind.code_bits - 1
    for rank, (table, bits) in enumerate(zip(kind.terms, kind.index_bits, strict=True)):
        low -= bits
        if any(table):
            chosen = [
                Chosen(activation, code[-1], code[low : low + bits])
                for activation, code in zip(activations, codes, strict=True)
            ]
            values += PowerTable(table).terms(m, chosen, kind.family, f"{name}_{rank}")
    return values
