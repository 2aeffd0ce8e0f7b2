"""Ways in which a run of the engine ends before its last frame."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What is wrong with a run: an address where no memory answers, an unknown opcode, or ABORT."""

    PROGRAM_ADDRESS = "program address"
    MODEL_ADDRESS = "model address"
    INPUT_ADDRESS = "input address"
    OUTPUT_ADDRESS = "output address"
    OPCODE = "opcode"
    ABORT = "abort"
