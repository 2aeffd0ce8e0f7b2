"""As which numbers the sums of PE kinds reach the partial sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Operands:
    """Numbers of a lane, each in its place; those that do not belong to a layer's source are 0 during it.

    Sources are the path without weights and the PE kinds, numbered as `pe` is.

    places: for each source the places of its addends. The path without weights is in place 0.
    alternatives: how many numbers, in the places' order, stand for each addend of `PartialSums`.
    """

    places: tuple[tuple[int, ...], ...]
    alternatives: tuple[int, ...]

    @classmethod
    def of(cls, addends: Sequence[int], *, full: bool) -> Operands:
        """For a tile, full or not, of kinds whose sums are so many addends each.

        A place for each source, which an adder of two numbers takes at no LUT; but in a full tile inputs of
        its LUTs choose where sums begin, and all share one place. One of three takes two alternatives at no
        LUT: sources of one addend share the first.
        """
        if max(addends) > 1:
            return cls(((0,), *((0,) if count == 1 else (1, 2) for count in addends)), (2, 1))
        places = [0 if full else source for source in range(len(addends) + 1)]
        return cls(tuple((place,) for place in places), (len({*places}),))

    @property
    def count(self) -> int:
        """Numbers of a lane."""
        return sum(self.alternatives)

    def sources(self, place: int) -> dict[int, int]:
        """Each source that has an addend in this place, and which one."""
        return {source: own.index(place) for source, own in enumerate(self.places) if place in own}
