"""Weights and parameters in the model image, and how they get from there onto the chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from twofold.errors import UserError
from twofold.plan.instructions import Instruction, load
from twofold.plan.memory.banks import Transfer
from twofold.rtl.isa import TRANSFER_WORDS_MAX, Base, Memory


@dataclass(frozen=True)
class Part:
    """Words of a stage for the banks that differ from `bank` by multiples of `bank_step`."""

    words: tuple[int, ...]
    bank: int = 0
    bank_step: int = 1


@dataclass(frozen=True)
class Segment:
    """All stages' words for one on-chip memory.

    stages: of each the parts, which have as many words and the same address in different banks. offset:
    bytes before the segment in the image. depth: of a bank. If all words fit, they are loaded once; else
    each stage's words are loaded to address 0 before it executes.
    """

    memory: Memory
    stages: tuple[tuple[Part, ...], ...]
    word_bytes: int
    offset: int
    depth: int

    def __post_init__(self) -> None:
        longest = max(map(_depth, self.stages))
        if longest > self.capacity:
            raise UserError(
                f"{self.memory.name.lower()}: a layer needs {longest} words, the geometry holds "
                f"{self.capacity}; choose a depth of at least {longest}"
            )

    @property
    def capacity(self) -> int:
        """Words that one LOAD can bring."""
        return min(self.depth, TRANSFER_WORDS_MAX)

    @property
    def data(self) -> bytes:
        parts = (part for stage in self.stages for part in stage)
        return b"".join(word.to_bytes(self.word_bytes, "little") for part in parts for word in part.words)

    @property
    def total(self) -> int:
        """Words of a bank."""
        return sum(map(_depth, self.stages))

    @property
    def resident(self) -> bool:
        """Loaded once, before the first frame."""
        return self.total <= self.capacity

    def address(self, stage: int) -> int:
        """Where the words of this stage are when it executes."""
        return sum(map(_depth, self.stages[:stage])) if self.resident else 0

    def setup(self) -> Sequence[Instruction]:
        """The loads before the first frame; a single one for words that are next to each other."""
        if not self.resident:
            return ()
        transfers: list[Transfer] = []
        for stage in range(len(self.stages)):
            for transfer in self._transfers(stage):
                if transfers and _continues(transfers[-1], transfer):
                    words = transfers[-1].words + transfer.words
                    transfers[-1] = replace(transfers[-1], words=words, band_words=words)
                else:
                    transfers.append(transfer)
        return tuple(self._load(self.memory.name.lower(), transfer) for transfer in transfers)

    def before(self, stage: int, label: str) -> Sequence[Instruction]:
        """The loads of each frame before this stage."""
        if self.resident:
            return ()
        return tuple(self._load(label, transfer) for transfer in self._transfers(stage))

    def _transfers(self, stage: int) -> Iterator[Transfer]:
        first = sum(len(part.words) for earlier in self.stages[:stage] for part in earlier)
        for part in self.stages[stage]:
            count = len(part.words)
            if count:
                yield Transfer(first, count, self.address(stage), part.bank, part.bank_step, count)
            first += count

    def _load(self, label: str, transfer: Transfer) -> Instruction:
        offset = self.offset + transfer.first * self.word_bytes
        return load(label, self.memory, Base.MODEL, offset, transfer)


def _depth(stage: Sequence[Part]) -> int:
    return max((len(part.words) for part in stage), default=0)


def _continues(one: Transfer, other: Transfer) -> bool:
    """Whether the other is to the same banks, and goes on where the one ends."""
    same = (one.bank, one.bank_step) == (other.bank, other.bank_step)
    return same and one.address + one.words == other.address and one.first + one.words == other.first
