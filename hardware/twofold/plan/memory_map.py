"""Addresses of the activation maps: a map's words are free again after its last reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twofold.errors import UserError
from twofold.plan.banks import words_of
from twofold.plan.stages import Stage


@dataclass(frozen=True)
class Lifetime:
    """Words of each bank that a map takes, and the stages between which it is needed, both inclusive; −1 is
    the frame's load."""

    name: str
    words: int
    born: int
    dies: int

    def overlaps(self, other: Lifetime) -> bool:
        return self.born <= other.dies and other.born <= self.dies


def lifetimes(stages: Sequence[Stage], lanes: int, tiles: int) -> tuple[Lifetime, ...]:
    """One for each stored map, in order of birth. Sums that stay sums are not stored."""
    last_use = {operand.name: index for index, stage in enumerate(stages) for operand in stage.operands}
    source = stages[0].operands[0]
    result = [Lifetime(source.name, words_of(source, lanes, tiles), -1, last_use[source.name])]
    for index, stage in enumerate(stages):
        if stage.quantiser is not None:
            name = stage.result.name
            result.append(
                Lifetime(name, words_of(stage.result, lanes, tiles), index, last_use.get(name, index))
            )
    return tuple(result)


def allocate(lives: Sequence[Lifetime], depth: int) -> Mapping[str, int]:
    """First-fit addresses. Raises UserError with the depth that would do if they do not fit."""
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
    needed = max(addresses[life.name] + life.words for life in placed)
    if needed > depth:
        raise UserError(
            f"activation memory: {needed} words are needed, the geometry has {depth}; "
            f"choose activation_words ≥ {needed} or fewer channels"
        )
    return addresses
