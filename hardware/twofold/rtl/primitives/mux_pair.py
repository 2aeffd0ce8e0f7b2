"""The choice between two words, two bits of them in one LUT."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Value

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.lut_pair import lut_pair


def mux_pair(m: Module, select: Value, high: Value, low: Value, family: Family, name: str) -> Value:
    """`high` where the bit `select` is 1, else `low`: words of as many bits; combinational.

    xc7: one LUT6_2 for two bits, which share `select`. Synthesis takes a LUT for each.
    """
    if len(high) != len(low):
        raise ValueError(f"expected words of as many bits, got {len(high)} and {len(low)}")
    if family is Family.PORTABLE:
        return Mux(select, high, low)
    bits: list[Value] = []
    for bit in range(0, len(high), 2):
        inputs = [select, *high[bit : bit + 2], *low[bit : bit + 2]]
        bits += lut_pair(m, inputs, *(_ONE if len(inputs) == 3 else _TWO), name=f"{name}_{bit}")
    return Cat(*bits)[: len(high)]


_ONE = (lambda bits: bits[1] if bits[0] else bits[2],) * 2
_TWO = (lambda bits: bits[1] if bits[0] else bits[3], lambda bits: bits[2] if bits[0] else bits[4])
