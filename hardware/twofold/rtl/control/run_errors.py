"""Why a run of the engine ended before its last frame."""

from __future__ import annotations

from enum import IntEnum

CAUSE_BITS = 5
NO_INSTRUCTION = (1 << 16) - 1
"""ERROR.INSTRUCTION if the error is no instruction's."""


class Cause(IntEnum):
    """ERROR.CAUSE. The first error of a run stays until the next START."""

    NONE = 0
    READ_RESPONSE = 1
    WRITE_RESPONSE = 2
    ADDRESS_ALIGNMENT = 3
    PROGRAM_LENGTH = 4
    NO_FRAMES = 5
    OPCODE = 6
    NO_FRAME = 7
    NO_END = 8
    MEMORY = 9
    ALIGNMENT = 10
    RANGE = 11
    LAYER = 12
    BOUNDS = 13
    READ_STALLED = 14
    WRITE_STALLED = 15
    LAYER_STALLED = 16


CAUSES = {
    Cause.NONE: "No error.",
    Cause.READ_RESPONSE: "The bus answered a read with an error: an address lies outside the memory.",
    Cause.WRITE_RESPONSE: "The bus answered a write with an error: an address lies outside the memory.",
    Cause.ADDRESS_ALIGNMENT: "An address or a stride in the registers is no multiple of 8.",
    Cause.PROGRAM_LENGTH: "PROGRAM_BYTES is 0, no multiple of 64, or more than the program memory holds.",
    Cause.NO_FRAMES: "FRAMES is 0.",
    Cause.OPCODE: "The engine does not know the instruction.",
    Cause.NO_FRAME: "END comes without FRAME before it.",
    Cause.NO_END: "The program goes on after its last instruction, which is not END.",
    Cause.MEMORY: "The transfer's memory or base is none that its opcode can reach.",
    Cause.ALIGNMENT: "The transfer's offset is no multiple of 8.",
    Cause.RANGE: "The transfer has no words, or they do not fit into the memory.",
    Cause.LAYER: "The layer's kind, output, tiles or sizes are none of this engine's.",
    Cause.BOUNDS: "What the layer reads or writes lies outside the memory.",
    Cause.READ_STALLED: "The bus gave no read data for WATCHDOG cycles.",
    Cause.WRITE_STALLED: "The bus took no write data, or did not answer, for WATCHDOG cycles.",
    Cause.LAYER_STALLED: "The layer did nothing for WATCHDOG cycles.",
}


def describe(error: int) -> str:
    """A value of ERROR in words."""
    cause, place = Cause(error & (1 << CAUSE_BITS) - 1), error >> 16
    where = "" if place == NO_INSTRUCTION else f" at instruction {place}"
    return f"{cause.name}{where}. {CAUSES[cause]}"
