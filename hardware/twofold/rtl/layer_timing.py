"""Latencies of a layer's way through the engine; they follow from the geometry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from twofold.rtl.geometry import Geometry
from twofold.rtl.inner_product import ProductTiming
from twofold.rtl.isa import Output
from twofold.rtl.partial_sums import PartialSums
from twofold.rtl.requantize.requantizer import Requantiser

_BEFORE_SWEEP = 4
"""Cycles of `ParameterLoader` beside its wait, less the one that a memory's last word takes."""

BEAT_TO_WORD = 3
"""Cycles from a beat on the bus to its word at the memories."""


@dataclass(frozen=True)
class LayerTiming:
    """Cycles from one place of the pipeline to another.

    product: of the PE kinds. word: from a pixel's coordinates to its activation words. store: from an
    address outside of layers to that activation word. finish: from the end of `drains` to the last result
    in the activation memory. slack: how many cycles a layer's first word is read after the last result of the
    one before is stored. Several tiles take two cycles more to reach their banks, and one to write.
    multiplier_pace: cycles between two pixels of a last sweep whose sums are requantised by multiplier.
    """

    product: ProductTiming
    word: int
    store: int
    finish: int
    slack: int
    multiplier_pace: int

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, geometry: Geometry) -> LayerTiming:
        """Raises UserError if a kind's sums are wider than the geometry's accumulators."""
        product = ProductTiming.of(geometry)
        places = (2, 1, 6, 6) if geometry.tiles == 1 else (4, 3, 7, 7)
        return cls(product, *places, geometry.multiplier_pace)

    def pace(self, output: int) -> int:
        """Cycles between two pixels of a group's last sweep."""
        return self.multiplier_pace if output == Output.MULTIPLY else 1

    def later(self, output: int) -> int:
        """How many cycles a code takes more than `Requantiser.LATENCY`."""
        return Requantiser.multiplier_latency(self.pace(output)) - Requantiser.LATENCY

    @property
    def drains(self) -> tuple[int, ...]:
        """From a layer's last pixel to its sums' way out of the requantiser, by `pe`."""
        return tuple(latency + self.word + Requantiser.LATENCY - 3 for latency in self.product.latencies)

    @property
    def drained(self) -> int:
        """From a layer's last pixel until its result is in the memory, of the slowest kind and form."""
        return max(self.drains) + self.finish + self.later(Output.MULTIPLY)

    @property
    def parameters_wait(self) -> tuple[int, ...]:
        """What `ParameterLoader` waits, by `pe`, so that a group's last sums have left the requantiser, and
        those beside are all in memory before they are recalled, at least `_BEFORE_SWEEP` cycles later."""
        product = self.product
        slowest = product.latencies[product.beside]
        return tuple(
            max(drain, slowest - latency - _BEFORE_SWEEP if product.is_paired(pe) else 0)
            for pe, (drain, latency) in enumerate(zip(self.drains, product.latencies, strict=True))
        )

    @property
    def hold(self) -> int:
        """From a pixel's partial sum being asked for to the cycle in which the bus holds its beats back, so
        that none is written together with the pixel's result."""
        return PartialSums.LATENCY + Requantiser.LATENCY - BEAT_TO_WORD

    def held(self, pe: int) -> int:
        """From a pixel's coordinates to the cycle in which beats are held back for its result."""
        return self.word - PartialSums.LEAD + self.product.latencies[pe] + self.hold

    def biased_blocks(self, pe: int, *, later: bool) -> int:
        """Blocks whose biases, which come one a cycle, are there before their first sums.

        later: of any group of a layer, from the last pixel of the group before on; else of the first alone,
        which begins two cycles after the layer at the earliest.
        """
        sums = self.word + self.product.latencies[pe]
        return sums - 2 if later else sums + 1

    @property
    def intervals(self) -> tuple[int, ...]:
        """Least cycles between two sweeps by `pe`: the next tile's words, and the partial sums' way back."""
        loads = zip(self.product.load_words, self.product.settles, strict=True)
        return tuple(max(words + settle + 1, PartialSums.DISTANCE) for words, settle in loads)

    @property
    def paired_intervals(self) -> tuple[int, ...]:
        """The same for paired layers, behind whose words those of the kind beside are loaded."""
        product = self.product
        more = product.load_words[product.beside] + product.settles[product.beside]
        loads = zip(product.load_words, product.settles, strict=True)
        return tuple(words + max(settle, more) + 1 for words, settle in loads)

    @property
    def interval_max(self) -> int:
        """The greatest of them."""
        return max(*self.intervals, *self.paired_intervals)

    def interval(self, fields: Mapping[str, int]) -> int:
        """Of a LAYER."""
        if fields["chained"]:
            return 1
        return (self.paired_intervals if fields["paired"] else self.intervals)[fields["pe"]]
