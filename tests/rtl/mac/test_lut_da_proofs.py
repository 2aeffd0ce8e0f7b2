"""Proofs for all operands: tables of generated sums, looked up by bits and added, are products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from twofold.network.types import IntType
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.subset_sums import GROUP, STEPS, SubsetSumLayout, changed_place, next_sum
from twofold.rtl.mac.ternary_tree import Term, registered_sum, ternary_tree, total
from twofold.rtl.mac.weight_code import APOT4, INT4, WeightCode
from twofold.rtl.primitives.family import Family
from twofold.sim import primitives
from twofold.sim.formal import prove

LIMIT = 300.0


def weight_of(m: Module, code: WeightCode, given: Value, name: str) -> Value:
    operand = code.decode(m, given, name)
    return Mux(operand.negative, -operand.value, operand.value)


class StepAgainstSum(wiring.Component):
    """`ok`: a step of the generator adds or subtracts the weight of a code. wrong: what else it adds."""

    def __init__(self, code: WeightCode, family: Family, *, wrong: int = 0) -> None:
        self.layout, self.family, self.wrong = SubsetSumLayout(1, code), family, wrong
        total = signed(self.layout.sum_bits)
        super().__init__({"total": In(total), "code": In(code.bits), "subtract": In(1), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        weight = weight_of(m, self.layout.code, self.code, "weight")
        found = next_sum(m, self.layout, self.family, self.total, self.code, self.subtract, "step")
        exact = Signal.like(self.total, name="exact")
        m.d.comb += exact.eq(self.total + Mux(self.subtract, -weight, weight) + self.wrong)
        m.d.comb += self.ok.eq(found == exact)
        return m


@pytest.mark.parametrize("family", [Family.PORTABLE, Family.XC7])
@pytest.mark.parametrize("code", [INT4, APOT4], ids=["INT4", "APoT4"])
def test_a_step_adds_or_subtracts_a_weight(code: WeightCode, family: Family) -> None:
    assert prove(StepAgainstSum(code, family), models=primitives.XC7, time_limit=LIMIT).holds


def test_a_wrong_step_is_refuted() -> None:
    wrong = StepAgainstSum(APOT4, Family.XC7, wrong=1)
    assert not prove(wrong, models=primitives.XC7, time_limit=LIMIT).holds


def test_steps_walk_through_all_subsets_one_weight_at_a_time() -> None:
    """With the proof of one step: after step i the sum is that of subset i, and no subset is left out."""
    m, step = Module(), Signal(GROUP)
    place = changed_place(m, step)
    subsets = [number ^ number >> 1 for number in range(STEPS)]
    assert sorted(subsets) == list(range(STEPS)) and subsets[0] == 0

    async def bench(context: Any) -> None:
        for number in range(1, STEPS):
            context.set(step, number)
            assert subsets[number] ^ subsets[number - 1] == 1 << context.get(place)

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


class LookUpAgainstProducts(wiring.Component):
    """`ok`: what one output's planes look up adds up to the products of four weights and activations.

    places: the weights that are not held at 0. leaves: what the tree takes the entries for, those of the kind
    unless something is to be wrong.
    """

    def __init__(
        self, kind: LutDa, places: Sequence[int] = range(GROUP), leaves: tuple[Term, ...] | None = None
    ) -> None:
        self.kind, self.places, self.leaves = kind, places, leaves or kind.leaves
        activations = data.ArrayLayout(kind.activation_shape, GROUP)
        super().__init__({"codes": In(GROUP * kind.weights.bits), "a": In(activations), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kind = self.kind
        fields = [self.codes.word_select(place, kind.weights.bits) for place in range(GROUP)]
        weights: list[Value] = [
            weight_of(m, kind.weights, field, f"weight_{place}") if place in self.places else Const(0)
            for place, field in enumerate(fields)
        ]
        entries = [self._entry(m, weights, plane) for plane in range(kind.activations.bits)]
        addends = ternary_tree(m, entries, self.leaves, kind.family, "tree", kind.addends)
        sums, products = Signal(signed(20)), Signal(signed(20))
        m.d.comb += [
            sums.eq(sum(addends) + kind.activations.lo * sum(weights)),
            products.eq(sum(weight * self.a[place] for place, weight in enumerate(weights))),
            self.ok.eq(sums == products),
        ]
        return m

    def _entry(self, m: Module, weights: list[Value], plane: int) -> Value:
        """The table's sum for bit `plane`, a sign bit's complement."""
        bits = Cat(self.a[place][plane] for place in range(GROUP))
        if self.kind.activations.signed and plane == self.kind.activations.bits - 1:
            bits = ~bits
        entry = Signal(signed(self.kind.layout.sum_bits), name=f"entry_{plane}")
        chosen = zip(bits, weights, strict=True)
        m.d.comb += entry.eq(sum(Mux(bit, weight, 0) for bit, weight in chosen))
        return entry


INT4_COLUMN = LutDa(GROUP, 1, INT4, IntType(False, 4), addends=2, family=Family.XC7)
COLUMNS = {
    "INT4": INT4_COLUMN,
    "APoT4": replace(INT4_COLUMN, weights=APOT4),
    "signed activations": replace(
        INT4_COLUMN, activations=IntType(True, 4), addends=1, family=Family.PORTABLE
    ),
}


@pytest.mark.parametrize("kind", COLUMNS.values(), ids=COLUMNS)
def test_each_looked_up_product_is_one(kind: LutDa) -> None:
    """All weights and activations of each input. The sum of four inputs follows: entries are sums of weights,
    which the steps' proof has, and the tree adds whatever they are, which the nodes' proof has.
    """
    for place in range(GROUP):
        assert prove(LookUpAgainstProducts(kind, [place]), models=primitives.XC7, time_limit=LIMIT).holds


def test_a_plane_of_the_wrong_weight_is_refuted() -> None:
    *others, last = INT4_COLUMN.leaves
    wrong = LookUpAgainstProducts(INT4_COLUMN, leaves=(*others, replace(last, shift=last.shift + 1)))
    assert not prove(wrong, models=primitives.XC7, time_limit=LIMIT).holds


class NodeAgainstAddition(wiring.Component):
    """`ok`: a node of a tree gives the shifted sum of its parts, for all that they can be."""

    def __init__(self, terms: tuple[Term, ...], family: Family) -> None:
        self.terms, self.family = terms, family
        parts = {f"part_{place}": In(signed(term.bits)) for place, term in enumerate(terms)}
        super().__init__({**parts, "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = [getattr(self, f"part_{place}") for place in range(len(self.terms))]
        parts = list(zip(values, self.terms, strict=True))
        node, term = registered_sum(m, parts, self.family, "node")
        possible = [(value >= part.low) & (value <= part.high) for value, part in parts]
        exact, found = Signal(signed(24)), Signal(signed(24))
        m.d.comb += [
            exact.eq(sum(value << part.shift for value, part in parts)),
            found.eq(node << term.shift),
            self.ok.eq(~Cat(*possible).all() | (exact == found)),
        ]
        return m


def nodes(kind: LutDa) -> list[tuple[Term, ...]]:
    """The different additions in the tree of a kind."""
    terms, found = kind.leaves, set()
    for groups in kind.tree.levels:
        members = [tuple(terms[index] for index in group) for group in groups]
        found.update(member for member in members if len(member) > 1)
        terms = tuple(total(member) for member in members)
    return sorted(found, key=str)


WHOLE = LutDa(16, 16, INT4, IntType(False, 4), addends=2, family=Family.XC7)


@pytest.mark.parametrize("kind", [WHOLE, replace(WHOLE, weights=APOT4)], ids=["INT4", "APoT4"])
def test_every_node_of_a_tree_adds(kind: LutDa) -> None:
    for terms in nodes(kind):
        assert prove(NodeAgainstAddition(terms, kind.family), models=primitives.XC7, time_limit=LIMIT).holds


def test_a_wrong_lookup_table_is_refuted() -> None:
    upper_half = primitives.XC7.replace("{1'b0, I4", "{I5, I4")
    assert upper_half != primitives.XC7
    assert not prove(NodeAgainstAddition(nodes(WHOLE)[0], Family.XC7), models=upper_half).holds
