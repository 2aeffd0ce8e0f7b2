"""The sum of two short numbers without a carry chain."""

from __future__ import annotations

from amaranth.hdl import Cat, Value


def lut_sum(a: Value, b: Value) -> Value:
    """a + b modulo 2^len(a), for unsigned numbers of as many bits: up to 3 bits a LUT of 6 inputs each.

    Synthesis makes a chain of every addition, and one addition of two whose results are chosen from.
    """
    carry: Value | int = 0
    bits = []
    for left, right in zip(Value.cast(a), Value.cast(b), strict=True):
        bits.append(left ^ right ^ carry)
        carry = (left & right) | (carry & (left ^ right))
    return Cat(*bits)
