"""What is where in an AXI4-Lite register block, for hardware, driver and documentation alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

WORD_BYTES = 4


class Access(StrEnum):
    """RW: software writes, hardware reads. RO: hardware writes. CONSTANT: always the reset value.

    W1S: a bit written as 1 is high for one clock cycle, as the hardware sees it; it reads as 0.
    """

    RW = "RW"
    RO = "RO"
    CONSTANT = "CONSTANT"
    W1S = "W1S"


@dataclass(frozen=True)
class Field:
    """Bits [low, low + width) of a register. values: (number, name, meaning) of those that have one."""

    name: str
    low: int
    width: int
    doc: str
    values: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True)
class Register:
    """A 32-bit word at byte `offset`, of which the low `width` bits exist; the others read as 0."""

    name: str
    offset: int
    access: Access
    doc: str
    width: int = 32
    reset: int = 0
    fields: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        if self.offset < 0 or self.offset % WORD_BYTES:
            raise ValueError(f"{self.name}: offset must be a multiple of {WORD_BYTES}, not {self.offset:#x}")
        if not 1 <= self.width <= 32:
            raise ValueError(f"{self.name}: width must be 1 to 32, not {self.width}")
        if not 0 <= self.reset < 1 << self.width:
            raise ValueError(f"{self.name}: reset {self.reset:#x} does not fit {self.width} bits")
        for field in self.fields:
            if field.low < 0 or field.width < 1 or field.low + field.width > self.width:
                raise ValueError(f"{self.name}.{field.name}: bits lie outside the register's {self.width}")

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


@dataclass(frozen=True)
class RegisterMap:
    """Registers with different names and offsets."""

    registers: tuple[Register, ...]

    def __post_init__(self) -> None:
        for attribute in ("name", "offset"):
            values = [getattr(register, attribute) for register in self.registers]
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"two registers have the same {attribute}: {twice}")

    def __getitem__(self, name: str) -> Register:
        return next(register for register in self.registers if register.name == name)

    def as_json(self) -> list[dict[str, Any]]:
        """One entry a register: name, offset, access, width, reset, doc, and fields by name, each with the
        names and meanings of its values."""
        return [
            {
                "name": register.name,
                "offset": register.offset,
                "access": str(register.access),
                "width": register.width,
                "reset": register.reset,
                "doc": register.doc,
                "fields": {
                    field.name: {
                        "low": field.low,
                        "width": field.width,
                        "doc": field.doc,
                        "values": {str(number): [name, doc] for number, name, doc in field.values},
                    }
                    for field in register.fields
                },
            }
            for register in self.registers
        ]
