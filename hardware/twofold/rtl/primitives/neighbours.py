"""Two words, each chosen among neighbours of three, at half a LUT a bit of each."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.lut_pair import lut_pair


def neighbours(
    m: Module, words: Sequence[Value], odd: Sequence[Value], family: Family, name: str
) -> tuple[Value, Value]:
    """Two of three words of one width; combinational.

    odd: one bit for each result. Where it is high, that is the middle word; where it is low, the first word,
    or the last one if it is low for the second result alone. xc7: one LUT6_2 for a bit of both.
    """
    if family is Family.PORTABLE:
        return _described(m, words, odd, name)
    pairs = [
        lut_pair(m, [*bits, *odd], _first, _second, f"{name}_{place}")
        for place, bits in enumerate(zip(*words, strict=True))
    ]
    first, second = zip(*pairs, strict=True)
    return Cat(first), Cat(second)


def _described(m: Module, words: Sequence[Value], odd: Sequence[Value], name: str) -> tuple[Value, Value]:
    before, middle, behind = words
    first, second = (Signal(len(middle), name=f"{name}_{which}") for which in ("first", "second"))
    m.d.comb += [
        first.eq(Mux(odd[0], middle, before)),
        second.eq(Mux(odd[1], middle, Mux(odd[0], behind, before))),
    ]
    return first, second


def _first(bits: Sequence[int]) -> int:
    return bits[bits[3]]


def _second(bits: Sequence[int]) -> int:
    return bits[1 if bits[4] else 2 * bits[3]]
