"""Trees of ternary adders for terms that are shifted against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from amaranth.hdl import Cat, Module, Shape, Signal, Value

from twofold.network.types import width_of
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.ternary_adder import TernaryAdder

_TRIES = 500


@dataclass(frozen=True)
class Term:
    """A number v·2^shift with v in [low, high]."""

    low: int
    high: int
    shift: int

    @property
    def bits(self) -> int:
        """Width of v; numbers that are never negative have no sign bit."""
        return width_of(self.low, self.high)

    @property
    def shape(self) -> Shape:
        return Shape(self.bits, signed=self.low < 0)


Groups = tuple[tuple[int, ...], ...]
"""Which terms of a level are added, up to three at a time, to the next level's."""


def total(terms: Sequence[Term]) -> Term:
    """What a sum of terms can be."""
    shift = min(term.shift for term in terms)
    low, high = (
        sum(bound << (term.shift - shift) for term, bound in zip(terms, bounds, strict=True))
        for bounds in ([term.low for term in terms], [term.high for term in terms])
    )
    return Term(low, high, shift)


def _free_bits(terms: Sequence[Term]) -> int:
    """The lowest bits of a sum that one term alone decides."""
    shifts = sorted(term.shift for term in terms)
    return shifts[1] - shifts[0]


def _cost(terms: Sequence[Term]) -> int:
    """LUTs of a sum of terms."""
    return total(terms).bits - _free_bits(terms) if len(terms) > 1 else 0


@dataclass(frozen=True)
class Plan:
    """The levels of a tree and what comes out of the last one. luts: of all its adders."""

    levels: tuple[Groups, ...]
    roots: tuple[Term, ...]
    luts: int


@cache
def plan_tree(leaves: tuple[Term, ...], addends: int = 1) -> Plan:
    """The cheapest tree that leaves at most `addends` terms, among a fixed number of random ones of the
    least depth; always the same."""
    random = Random(1)
    plans = [_random_plan(leaves, addends, random) for _ in range(_TRIES)]
    return min(plans, key=lambda plan: plan.luts)


def _random_plan(leaves: tuple[Term, ...], addends: int, random: Random) -> Plan:
    terms, luts, levels = leaves, 0, []
    while len(terms) > addends:
        order = iter(random.sample(range(len(terms)), len(terms)))
        sizes = _sizes(len(terms), random.choice(_counts(len(terms), addends)))
        groups = tuple(tuple(next(order) for _ in range(size)) for size in sizes)
        members = [[terms[index] for index in group] for group in groups]
        luts += sum(map(_cost, members))
        terms = tuple(total(group) for group in members)
        levels.append(groups)
    return Plan(tuple(levels), terms, luts)


def _depth(count: int, addends: int) -> int:
    """Levels that reduce so many terms."""
    levels = 0
    while count > addends:
        count, levels = -(-count // 3), levels + 1
    return levels


def _counts(count: int, addends: int) -> list[int]:
    """How many terms may be left after a level: as few as three to one give, or one more if that takes
    no level more. An adder of three removes two terms at the price of one that removes one, so an even
    number to be removed is cheaper."""
    least = max(addends, -(-count // 3))
    return [
        left
        for left in (least, least + 1)
        if left < count and _depth(left, addends) == _depth(least, addends)
    ]


def _sizes(count: int, groups: int) -> list[int]:
    """Terms of each group: as many threes as there can be, then a two, then terms that are handed on."""
    threes, twos = divmod(count - groups, 2)
    return [3] * threes + [2] * twos + [1] * (groups - threes - twos)


def ternary_tree(
    m: Module, values: Sequence[Value], leaves: tuple[Term, ...], family: Family, name: str, addends: int = 1
) -> list[Value]:
    """At most `addends` numbers that add up to the values, of their leaves' shapes and shifted as these.

    One ternary adder deep between registers, `len(plan_tree(leaves, addends).levels)` cycles.
    """
    current = list(zip(values, leaves, strict=True))
    for level, groups in enumerate(plan_tree(leaves, addends).levels):
        current = [
            registered_sum(m, [current[index] for index in group], family, f"{name}_{level}_{place}")
            for place, group in enumerate(groups)
        ]
    return [value << term.shift for value, term in current]


def registered_sum(
    m: Module, parts: list[tuple[Value, Term]], family: Family, name: str
) -> tuple[Value, Term]:
    """The sum of up to three values v·2^shift, and what it can be, one cycle later."""
    terms = [term for _, term in parts]
    result = total(terms)
    register = Signal(result.shape, name=name, reset_less=True)
    if len(parts) == 1:
        m.d.sync += register.eq(parts[0][0])
        return register, result
    free = _free_bits(terms)
    aligned = []
    for place, (value, term) in enumerate(sorted(parts, key=lambda part: part[1].shift)):
        operand = Signal(result.shape, name=f"{name}_operand_{place}")
        m.d.comb += operand.eq(value << (term.shift - result.shift))
        aligned.append(operand)
    upper = [operand[free:] for operand in aligned]
    if len(upper) == 3:
        m.submodules[f"{name}_adder"] = adder = TernaryAdder(result.bits - free, family)
        m.d.comb += [
            port.eq(operand) for port, operand in zip((adder.a, adder.b, adder.c), upper, strict=True)
        ]
        m.d.sync += register.eq(Cat(aligned[0][:free], adder.y))
    else:
        m.d.sync += register.eq(Cat(aligned[0][:free], (upper[0] + upper[1])[: result.bits - free]))
    return register, result
