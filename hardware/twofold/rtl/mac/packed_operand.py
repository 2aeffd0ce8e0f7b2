"""From the fields of a memory word to the operand of a multiplier, for a LUT or two a lane."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Value

from twofold.rtl.mac.packed_lanes import PackedLanes


def signs_below(fields: Sequence[Value], packing: PackedLanes) -> list[Value]:
    """Whether the weights up to each lane, the highest apart, are packed to a negative number.

    A field is a weight less a borrow. The borrow from the least weight of a width gives the greatest
    weight's code, which without a borrow belongs to a number that is not negative.
    """
    signs: list[Value] = []
    greatest = (1 << (packing.weight_bits - 1)) - 1
    ambiguous = packing.low == -greatest - 1
    for field in fields[:-1]:
        sign = field[-1]
        if signs and ambiguous:
            sign = sign | (field[:-1].all() & signs[-1])
        signs.append(sign)
    return signs


def packed_operand(fields: Sequence[Value], signs: Sequence[Value], packing: PackedLanes) -> Value:
    """The operand: each field extended by its sign up to the next lane."""
    parts = [
        Cat(field, sign.replicate(packing.width(lane) - packing.weight_bits))
        for lane, (field, sign) in enumerate(zip(fields, signs, strict=False))
    ]
    top = fields[-1]
    # The highest lane has no code for less than the least weight unless its sign says so.
    greatest = top[:-1].all() & signs[-1] if packing.low == -(1 << (packing.weight_bits - 1)) else Const(0)
    return Cat(*parts, top, top[-1] | greatest).as_signed()
