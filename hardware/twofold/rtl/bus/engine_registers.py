"""The engine's registers: control, addresses of a run, and performance counters."""

from __future__ import annotations

from twofold.rtl.bus.register_map import Access, Field, Register, RegisterMap
from twofold.rtl.control.run_errors import CAUSE_BITS, CAUSES
from twofold.rtl.control.watchdog import WATCHDOG_BITS

ENGINE_ID = 0x2F01D001
ENGINE_VERSION = 0x0002_0000


def engine_registers(tin: int, tout: int, tiles: int = 1) -> RegisterMap:
    """The map of an engine whose tiles take `tin` activations and give `tout` sums; all 1 to 255."""
    for name, size in (("tin", tin), ("tout", tout), ("tiles", tiles)):
        if not 1 <= size <= 255:
            raise ValueError(f"{name} must be 1 to 255, not {size}")
    return RegisterMap((*_CONTROL, *_RUN, *_COUNTERS, _geometry(tin, tout, tiles), *_ERRORS, *_WAITS))


_CONTROL = (
    Register("ID", 0x00, Access.CONSTANT, "Identifies the engine.", reset=ENGINE_ID),
    Register(
        "VERSION",
        0x04,
        Access.CONSTANT,
        "Major version << 16 | minor version.",
        reset=ENGINE_VERSION,
    ),
    Register(
        "CONTROL",
        0x08,
        Access.W1S,
        "Commands; reads as 0.",
        width=2,
        fields=(
            Field("START", 0, 1, "Begins a run and clears STATUS.DONE; counts only while BUSY is 0."),
            Field("ABORT", 1, 1, "Ends the run; transfers under way come to their end."),
        ),
    ),
    Register(
        "STATUS",
        0x0C,
        Access.RO,
        "State of the last run.",
        width=4,
        fields=(
            Field("BUSY", 0, 1, "A run is under way."),
            Field("DONE", 1, 1, "The last run has ended; cleared by START."),
            Field("FAILED", 2, 1, "An error ended it, or came as it was aborted: ERROR names it."),
            Field("ABORTED", 3, 1, "ABORT ended it."),
        ),
    ),
)
_RUN = (
    Register("PROGRAM_ADDR", 0x10, Access.RW, "Byte address of the program, a multiple of 8."),
    Register("PROGRAM_BYTES", 0x14, Access.RW, "Length of the program in bytes."),
    Register("MODEL_ADDR", 0x18, Access.RW, "Byte address of weights and parameters, a multiple of 8."),
    Register("INPUT_ADDR", 0x1C, Access.RW, "Byte address of the first frame, a multiple of 8."),
    Register("OUTPUT_ADDR", 0x20, Access.RW, "Byte address of the first frame's results, a multiple of 8."),
    Register("FRAMES", 0x24, Access.RW, "Number of frames of the run, at least 1.", reset=1),
    Register("INPUT_STRIDE", 0x28, Access.RW, "Bytes from one frame to the next, a multiple of 8."),
    Register(
        "OUTPUT_STRIDE", 0x2C, Access.RW, "Bytes from one frame's results to the next, a multiple of 8."
    ),
)
_COUNTERS = (
    Register("CYCLES_LO", 0x30, Access.RO, "Clock cycles of the last run, start to done, bits 0 to 31."),
    Register("CYCLES_HI", 0x34, Access.RO, "Clock cycles of the last run, start to done, bits 32 to 63."),
    Register("FRAMES_DONE", 0x38, Access.RO, "Frames of the run that are complete."),
    Register("LAYER_CYCLES_INDEX", 0x3C, Access.RW, "Which instruction LAYER_CYCLES shows.", width=16),
    Register("LAYER_CYCLES", 0x40, Access.RO, "Clock cycles of that instruction in the last frame."),
)
_ERRORS = (
    Register(
        "ERROR",
        0x48,
        Access.RO,
        "The first error of the last run.",
        fields=(
            Field(
                "CAUSE",
                0,
                CAUSE_BITS,
                "What is wrong, 0 if nothing is.",
                values=tuple((int(cause), cause.name, doc) for cause, doc in CAUSES.items()),
            ),
            Field("INSTRUCTION", 16, 16, "Index of the instruction whose error it is, 65535 if none's."),
        ),
    ),
    Register(
        "WATCHDOG",
        0x4C,
        Access.RW,
        "Cycles without any progress after which a run fails; 0: never.",
        width=WATCHDOG_BITS,
        reset=1 << 20,
    ),
)
_WAITS = (
    Register("READ_WAIT_CYCLES", 0x50, Access.RO, "Cycles in which an instruction waited for read data."),
    Register(
        "WRITE_WAIT_CYCLES",
        0x54,
        Access.RO,
        "Cycles in which an instruction waited for the bus to take or answer writes.",
    ),
    Register(
        "WEIGHT_WAIT_CYCLES",
        0x58,
        Access.RO,
        "Cycles in which a layer waited for weights, parameters, partial sums or multipliers.",
    ),
    Register("HELD_CYCLES", 0x5C, Access.RO, "Cycles in which a layer's results held read data back."),
    Register(
        "INPUTS_MULTIPLIED",
        0x60,
        Access.RO,
        "Inputs that the tiles multiplied, over all cycles; times TOUT, the MACs done.",
    ),
)
COUNTERS = tuple(register.name for register in _WAITS)
"""Registers that say what the cycles of a run were used for."""


def _geometry(tin: int, tout: int, tiles: int) -> Register:
    return Register(
        "GEOMETRY",
        0x44,
        Access.CONSTANT,
        "Size and number of tiles.",
        reset=tin | tout << 8 | tiles << 16,
        fields=(
            Field("TIN", 0, 8, "Activations that a tile takes a cycle."),
            Field("TOUT", 8, 8, "Sums that a tile gives a cycle."),
            Field("TILES", 16, 8, "Tiles that work side by side."),
        ),
    )
