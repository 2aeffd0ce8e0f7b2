"""Instructions of a program, each with what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from twofold.plan.memory.banks import Transfer
from twofold.rtl.isa import Base, Memory, Opcode, encode


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    label: the layer or transfer it belongs to. cycles: in the last frame of a run, predicted by
    `twofold.plan.timing.timeline` for a memory that never stalls.
    """

    opcode: Opcode
    label: str
    fields: Mapping[str, int]
    cycles: int = 0

    def encoded(self) -> bytes:
        """64 bytes. Raises ValueError for fields that do not fit."""
        return encode(self.opcode, self.fields)


def marker(opcode: Opcode) -> Instruction:
    """FRAME or END."""
    return Instruction(opcode, opcode.name.lower(), {})


def layer(label: str, fields: Mapping[str, int]) -> Instruction:
    return Instruction(Opcode.LAYER, label, fields)


def load(label: str, memory: Memory, base: Base, offset: int, transfer: Transfer) -> Instruction:
    """Memory words from `base + offset` to the chip."""
    return Instruction(Opcode.LOAD, label, _transfer(memory, base, offset, transfer))


def prefetch(loaded: Instruction) -> Instruction:
    """The same words of the next frame, as the next instructions execute."""
    return replace(loaded, opcode=Opcode.PREFETCH)


def store(label: str, memory: Memory, offset: int, transfer: Transfer) -> Instruction:
    """Memory words from the chip to the frame's results, `offset` bytes from their start."""
    return Instruction(Opcode.STORE, label, _transfer(memory, Base.OUTPUT, offset, transfer))


def _transfer(memory: Memory, base: Base, offset: int, transfer: Transfer) -> Mapping[str, int]:
    return {
        "memory": int(memory),
        "base": int(base),
        "offset": offset,
        "words": transfer.words,
        "address": transfer.address,
        "bank": transfer.bank,
        "bank_step": transfer.bank_step,
        "band_words": transfer.band_words,
    }
