"""Each place has the word of its source, of every rotation and every block that shares one."""

from __future__ import annotations

from pathlib import Path

import pytest
from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.exchange import exchanged
from twofold.rtl.primitives.family import Family
from twofold.rtl.tile_offsets import low_bits
from twofold.sim import primitives
from twofold.sim.formal import prove
from twofold.synth.yosys import synthesise

KEPT = Path("build/synth")
WIDTH = 2


class AgainstMultiplexers(wiring.Component):
    """`ok`: as if each place chose among all words. shared_log2: places that have one word."""

    def __init__(self, places: int, family: Family, alike: bool = True) -> None:
        self.places, self.family, self.alike = places, family, alike
        inputs = {"words": places * WIDTH, "first": (places - 1).bit_length(), "shared_log2": 3}
        super().__init__({**{name: In(bits) for name, bits in inputs.items()}, "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [self.words.word_select(place, WIDTH) for place in range(self.places)]
        sources = [Signal(range(self.places), name=f"source_{place}") for place in range(self.places)]
        shared = low_bits(self.shared_log2, self.places)
        m.d.comb += [
            source.eq(self.first + (place & ~shared if self.alike else place * shared))
            for place, source in enumerate(sources)
        ]
        found = exchanged(m, words, sources, self.family, "word")
        m.d.comb += self.ok.eq(Cat(found) == Cat(Array(words)[source] for source in sources))
        return m


@pytest.mark.parametrize("family", [Family.PORTABLE, Family.XC7])
@pytest.mark.parametrize("places", [1, 2, 4, 8, 16])
def test_each_place_has_the_word_of_its_source(places: int, family: Family) -> None:
    assert prove(AgainstMultiplexers(places, family), models=primitives.XC7).holds


class Reader(wiring.Component):
    """Words of places of which some have the same, as tiles that work on one band; sources are registers."""

    def __init__(self, places: int, width: int) -> None:
        self.places, self.width = places, width
        bits = places * width
        super().__init__({"data": In(bits), "first": In(4), "shared_log2": In(3), "words": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [self.data.word_select(place, self.width) for place in range(self.places)]
        sources = [Signal(range(self.places), name=f"source_{place}") for place in range(self.places)]
        shared = low_bits(self.shared_log2, self.places)
        m.d.sync += [source.eq(self.first + (place & ~shared)) for place, source in enumerate(sources)]
        m.d.sync += self.words.eq(Cat(exchanged(m, words, sources, Family.XC7, "word")))
        return m


@pytest.mark.parametrize("places", [2, 4, 8, 16])
def test_a_bit_takes_half_a_lut_for_each_step(places: int) -> None:
    width, steps = 16, places.bit_length() - 1
    found = synthesise(Reader(places, width), "exchange", cache=KEPT)
    assert 0 <= found.lut - places * width * steps / 2 <= 12


def test_sources_of_another_form_are_refuted() -> None:
    assert not prove(AgainstMultiplexers(8, Family.XC7, alike=False), models=primitives.XC7).holds
