"""Addresses of the activation maps: a map's words are free again after its last reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twofold.errors import UserError
from twofold.plan.maps import Map
from twofold.plan.memory.banks import words_of
from twofold.plan.stages import Stage


@dataclass(frozen=True)
class Lifetime:
    """Words of each bank that a buffer takes, and the stages between which it is needed, both inclusive.

    born > dies: the map is needed across the end of a frame, as the next frame's input is.
    """

    name: str
    words: int
    born: int
    dies: int

    def overlaps(self, other: Lifetime) -> bool:
        if self.born > self.dies:
            return other.dies >= self.born or other.born <= self.dies
        if other.born > other.dies:
            return other.overlaps(self)
        return self.born <= other.dies and other.born <= self.dies


def lifetimes(stages: Sequence[Stage], lanes: int, tiles: int, prefetch: int) -> tuple[Lifetime, ...]:
    """One for each buffer, that of the input first. Sums that stay sums are not stored.

    prefetch: the stage from which on the next frame's input comes in, after the last one that reads this
    frame's; len(stages) if that is only after all of them.
    """
    last_use = _last_use(stages)
    first_use = {stages[0].operands[0].buffer: prefetch}
    words: dict[str, int] = {}
    for index, stage in enumerate(stages):
        for map_ in _stored(stage):
            words[map_.buffer] = max(words.get(map_.buffer, 0), words_of(map_, lanes, tiles))
            first_use.setdefault(map_.buffer, index)
    return tuple(Lifetime(name, words[name], born, last_use[name]) for name, born in first_use.items())


def earliest_prefetch(stages: Sequence[Stage], lanes: int, tiles: int, depth: int) -> int:
    """The first stage during which `depth` words hold the next frame's input beside all other maps."""
    first = _last_use(stages)[stages[0].operands[0].buffer] + 1
    for stage in range(first, len(stages)):
        lives = lifetimes(stages, lanes, tiles, stage)
        if _needed(lives, _first_fit(lives)) <= depth:
            return stage
    return len(stages)


def allocate(lives: Sequence[Lifetime], depth: int) -> Mapping[str, int]:
    """First-fit addresses. Raises UserError with the depth that would do if they do not fit."""
    addresses = _first_fit(lives)
    needed = _needed(lives, addresses)
    if needed > depth:
        raise UserError(
            f"activation memory: {needed} words are needed, the geometry has {depth}; "
            f"choose activation_words ≥ {needed} or fewer channels"
        )
    return addresses


def _last_use(stages: Sequence[Stage]) -> Mapping[str, int]:
    return {map_.buffer: index for index, stage in enumerate(stages) for map_ in _stored(stage)}


def _stored(stage: Stage) -> tuple[Map, ...]:
    """The maps of activation memory that a stage reads or writes."""
    return stage.operands if stage.quantiser is None else (*stage.operands, stage.result)


def _needed(lives: Sequence[Lifetime], addresses: Mapping[str, int]) -> int:
    return max(addresses[life.name] + life.words for life in lives)


def _first_fit(lives: Sequence[Lifetime]) -> Mapping[str, int]:
    addresses: dict[str, int] = {}
    placed: list[Lifetime] = []
    for life in lives:
        address = 0
        for other in sorted((o for o in placed if o.overlaps(life)), key=lambda o: addresses[o.name]):
            if address + life.words <= addresses[other.name]:
                break
            address = max(address, addresses[other.name] + other.words)
        addresses[life.name] = address
        placed.append(life)
    return addresses
