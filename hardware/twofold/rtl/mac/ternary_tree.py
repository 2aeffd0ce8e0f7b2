"""Trees of ternary adders for terms that are shifted against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from amaranth.hdl import Cat, Module, Signal, Value, signed

from twofold.network.types import width_of
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.ternary_adder import TernaryAdder

_TRIES = 300


@dataclass(frozen=True)
class Term:
    """A number v·2^shift with v in [low, high]."""

    low: int
    high: int
    shift: int

    @property
    def bits(self) -> int:
        """Width of v, signed."""
        return width_of(min(self.low, -1), self.high)


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


@cache
def plan_tree(leaves: tuple[Term, ...]) -> tuple[Groups, ...]:
    """The levels of the cheapest tree among a fixed number of random ones, always the same."""
    random = Random(1)
    plans = [_random_plan(leaves, random) for _ in range(_TRIES)]
    return min(plans, key=lambda plan: plan[0])[1]


def _random_plan(leaves: Sequence[Term], random: Random) -> tuple[int, tuple[Groups, ...]]:
    terms, cost, levels = list(leaves), 0, []
    while len(terms) > 1:
        order = random.sample(range(len(terms)), len(terms))
        groups = tuple(tuple(order[start : start + 3]) for start in range(0, len(order), 3))
        members = [[terms[index] for index in group] for group in groups]
        cost += sum(map(_cost, members))
        terms = [total(group) for group in members]
        levels.append(groups)
    return cost, tuple(levels)


def ternary_tree(
    m: Module, values: Sequence[Value], leaves: tuple[Term, ...], family: Family, name: str
) -> Value:
    """Sum of values, signed(leaf.bits) each, shifted as their leaves; a register after each level."""
    current = list(zip(values, leaves, strict=True))
    for level, groups in enumerate(plan_tree(leaves)):
        current = [
            _registered_sum(m, [current[index] for index in group], family, f"{name}_{level}_{place}")
            for place, group in enumerate(groups)
        ]
    ((value, term),) = current
    return value << term.shift


def _registered_sum(
    m: Module, parts: list[tuple[Value, Term]], family: Family, name: str
) -> tuple[Value, Term]:
    terms = [term for _, term in parts]
    result = total(terms)
    register = Signal(signed(result.bits), name=name, reset_less=True)
    if len(parts) == 1:
        m.d.sync += register.eq(parts[0][0])
        return register, result
    free = _free_bits(terms)
    aligned = []
    for place, (value, term) in enumerate(sorted(parts, key=lambda part: part[1].shift)):
        operand = Signal(signed(result.bits), name=f"{name}_operand_{place}")
        m.d.comb += operand.eq(value << (term.shift - result.shift))
        aligned.append(operand)
    upper = [operand[free:].as_signed() for operand in aligned]
    if len(upper) == 3:
        m.submodules[f"{name}_adder"] = adder = TernaryAdder(result.bits - free, family)
        m.d.comb += [
            port.eq(operand) for port, operand in zip((adder.a, adder.b, adder.c), upper, strict=True)
        ]
        m.d.sync += register.eq(Cat(aligned[0][:free], adder.y))
    else:
        m.d.sync += register.eq(Cat(aligned[0][:free], (upper[0] + upper[1])[: result.bits - free]))
    return register, result
