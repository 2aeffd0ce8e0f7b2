"""Weights and parameters in the model image, and how they get from there onto the chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twofold.errors import UserError
from twofold.plan.cost import CostModel
from twofold.plan.instructions import Instruction, load
from twofold.rtl.isa import TRANSFER_WORDS_MAX, Base, Memory


@dataclass(frozen=True)
class Segment:
    """All stages' words for one on-chip memory.

    words: of each stage. offset: bytes before the segment in the image. depth: of the memory. If all
    words fit, they are loaded once; else each stage's words are loaded to address 0 before it executes.
    """

    memory: Memory
    words: tuple[tuple[int, ...], ...]
    word_bytes: int
    offset: int
    depth: int

    def __post_init__(self) -> None:
        longest = max(map(len, self.words))
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
        return b"".join(word.to_bytes(self.word_bytes, "little") for words in self.words for word in words)

    @property
    def total(self) -> int:
        return sum(map(len, self.words))

    @property
    def resident(self) -> bool:
        """Loaded once, before the first frame."""
        return self.total <= self.capacity

    def address(self, stage: int) -> int:
        """Where the words of this stage are when it executes."""
        return self._words_before(stage) if self.resident else 0

    def setup(self, cost: CostModel) -> Sequence[Instruction]:
        """The loads before the first frame."""
        if not self.resident or not self.total:
            return ()
        return (load(cost, self.memory.name.lower(), self.memory, Base.MODEL, self.offset, self.total, 0),)

    def before(self, stage: int, label: str, cost: CostModel) -> Sequence[Instruction]:
        """The loads of each frame before this stage."""
        count = len(self.words[stage])
        if self.resident or not count:
            return ()
        offset = self.offset + self._words_before(stage) * self.word_bytes
        return (load(cost, label, self.memory, Base.MODEL, offset, count, 0),)

    def _words_before(self, stage: int) -> int:
        return sum(map(len, self.words[:stage]))
