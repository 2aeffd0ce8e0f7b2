"""Words of all places, each from a source of its own, for less than a multiplexer of all of them takes."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value

from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.neighbours import neighbours


def exchanged(
    m: Module, words: Sequence[Value], sources: Sequence[Value], family: Family, name: str
) -> list[Value]:
    """The word that each place names in `sources`; combinational. Of 2, 4, 8 or 16 words a bit takes half a
    LUT, one, one and a half or two.

    Place p has to name s + p, or s + p with the lowest n bits of p cleared, modulo the number of words, with
    the same s and n for all places. Two places next to each other then share a choice among the words of
    even number and one among those of odd number: the first takes one of these two, by the lowest bit of its
    source; so does the second, or it takes the next pair's word of even number. Of four words each place
    chooses by itself.
    """
    match len(words):
        case 1:
            return list(words)
        case 4:
            return [_chosen(m, words, source, f"{name}_{place}") for place, source in enumerate(sources)]
    further = [source[1:] for source in sources[::2]]
    even = exchanged(m, words[::2], further, family, f"{name}_even")
    odd = exchanged(m, words[1::2], further, family, f"{name}_odd")
    found: list[Value] = []
    for place, middle in enumerate(odd):
        near = (even[place], middle, even[(place + 1) % len(even)])
        own = sources[2 * place : 2 * place + 2]
        found += neighbours(m, near, [source[0] for source in own], family, f"{name}_{2 * place}")
    return found


def _chosen(m: Module, words: Sequence[Value], source: Value, name: str) -> Value:
    """By the higher bit first: of that, unlike of the lower, places differ. Choices by the lower one, which
    several places would share, Yosys puts into LUTs of their own, half a LUT a bit more."""
    word = Signal(len(words[0]), name=name)
    even, odd = Mux(source[1], words[2], words[0]), Mux(source[1], words[3], words[1])
    m.d.comb += word.eq(Mux(source[0], odd, even))
    return word
