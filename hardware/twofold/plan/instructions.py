"""Instructions of a program, each with what it is for and the cycles it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.plan.banks import Transfer
from twofold.plan.cost import CostModel
from twofold.rtl.isa import Base, Memory, Opcode, encode


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    label: the layer or transfer it belongs to. cycles: predicted for a memory that never stalls.
    """

    opcode: Opcode
    label: str
    fields: Mapping[str, int]
    cycles: int

    def encoded(self) -> bytes:
        """64 bytes. Raises ValueError for fields that do not fit."""
        return encode(self.opcode, self.fields)


def marker(cost: CostModel, opcode: Opcode) -> Instruction:
    """FRAME or END."""
    return Instruction(opcode, opcode.name.lower(), {}, cost.marker())


def layer(cost: CostModel, label: str, fields: Mapping[str, int]) -> Instruction:
    return Instruction(Opcode.LAYER, label, fields, cost.layer(fields))


def load(
    cost: CostModel, label: str, memory: Memory, base: Base, offset: int, transfer: Transfer
) -> Instruction:
    """Memory words from `base + offset` to the chip."""
    fields = _transfer(memory, base, offset, transfer)
    return Instruction(Opcode.LOAD, label, fields, cost.load(memory, transfer.words))


def store(cost: CostModel, label: str, memory: Memory, offset: int, transfer: Transfer) -> Instruction:
    """Memory words from the chip to the frame's results, `offset` bytes from their start."""
    fields = _transfer(memory, Base.OUTPUT, offset, transfer)
    return Instruction(Opcode.STORE, label, fields, cost.store(memory, transfer.words))


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
