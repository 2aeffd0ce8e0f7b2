"""Registers in trees of ternary adders."""

from __future__ import annotations

from twofold.rtl.mac.ternary_tree import Plan, Term, total


def register_bits(leaves: tuple[Term, ...], plan: Plan) -> int:
    """Flip-flops after the levels of a tree."""
    terms, bits = leaves, 0
    for groups in plan.levels:
        terms = tuple(total([terms[index] for index in group]) for group in groups)
        bits += sum(term.bits for term in terms)
    return bits
