"""What can go wrong with a run of the engine, and how the engine names it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from twofold.plan.instructions import Instruction
from twofold.plan.program import Program
from twofold.rtl.control.run_errors import NO_INSTRUCTION, Cause
from twofold.rtl.isa import ADDRESS_BITS, INSTRUCTION_BYTES, LANES_PE, Base, Memory, Opcode, Output

NOWHERE = 1 << 28
"""An address at which no memory answers."""

UNKNOWN_OPCODE = 0b1001


class Channel(StrEnum):
    """A channel of the memory that stands still."""

    READ_ADDRESS = "ar"
    READ_DATA = "r"
    WRITE_ADDRESS = "aw"
    WRITE_DATA = "w"
    WRITE_ANSWER = "b"


@dataclass(frozen=True)
class Fault:
    """A run that must end with `cause`, as an error of instruction `index`.

    registers: other values than a run has. code: bytes of the program that are others, by their place.
    standing: a channel that does not move until the run has ended. aborts, resets: so many cycles after START
    the host does so; the run then has no error.
    """

    name: str
    cause: Cause
    index: int = NO_INSTRUCTION
    registers: Mapping[str, int] = field(default_factory=dict)
    code: Mapping[int, int] = field(default_factory=dict)
    standing: Channel | None = None
    aborts: int | None = None
    resets: int | None = None


def faults(program: Program) -> tuple[Fault, ...]:
    """Faults of every kind, for a program that stores its results."""
    places = _places(program)
    source = next(i for i, step in enumerate(program.instructions) if step.fields.get("base") == Base.INPUT)
    halfway = program.setup_cycles + program.frame_cycles // 2
    return (
        *_bus(places, source),
        *_registers(program),
        *_programs(program, places),
        *_stalls(places),
        *(Fault(f"abort {at}", Cause.NONE, aborts=at) for at in (20, program.setup_cycles // 2, halfway)),
        *(Fault(f"reset {at}", Cause.NONE, resets=at) for at in (20, program.setup_cycles // 2, halfway)),
    )


def write_faults(path: Path, listed: Sequence[Fault]) -> None:
    path.write_text(json.dumps([asdict(fault) for fault in listed]))


def read_faults(path: Path) -> list[Fault]:
    """What `write_faults` wrote."""
    return [
        Fault(
            **entry
            | {
                "cause": Cause(entry["cause"]),
                "code": {int(place): value for place, value in entry["code"].items()},
                "standing": entry["standing"] and Channel(entry["standing"]),
            }
        )
        for entry in json.loads(path.read_text())
    ]


def _places(program: Program) -> Mapping[Opcode, int]:
    """Index of the first instruction with each opcode."""
    opcodes = [step.opcode for step in program.instructions]
    return {opcode: opcodes.index(opcode) for opcode in Opcode}


def _bus(places: Mapping[Opcode, int], source: int) -> Iterator[Fault]:
    read, write = Cause.READ_RESPONSE, Cause.WRITE_RESPONSE
    yield Fault("no memory at the program", read, registers={"PROGRAM_ADDR": NOWHERE})
    yield Fault("no memory at the model", read, places[Opcode.LOAD], {"MODEL_ADDR": NOWHERE})
    yield Fault("no memory at the input", read, source, {"INPUT_ADDR": NOWHERE})
    yield Fault("no memory at the next frame", read, places[Opcode.PREFETCH], {"INPUT_STRIDE": NOWHERE})
    yield Fault("no memory at the output", write, places[Opcode.STORE], {"OUTPUT_ADDR": NOWHERE})


def _registers(program: Program) -> Iterator[Fault]:
    for name in ("PROGRAM_ADDR", "MODEL_ADDR", "INPUT_ADDR", "OUTPUT_ADDR", "INPUT_STRIDE", "OUTPUT_STRIDE"):
        yield Fault(f"misaligned {name}", Cause.ADDRESS_ALIGNMENT, registers={name: 0x1004})
    size = len(program.code)
    for what, length in (
        ("no program", 0),
        ("half an instruction", size - INSTRUCTION_BYTES // 2),
        ("a program too long", (program.geometry.instructions + 1) * INSTRUCTION_BYTES),
    ):
        yield Fault(what, Cause.PROGRAM_LENGTH, registers={"PROGRAM_BYTES": length})
    yield Fault("no frames", Cause.NO_FRAMES, registers={"FRAMES": 0})
    last = len(program.instructions) - 1
    yield Fault("no END", Cause.NO_END, last, {"PROGRAM_BYTES": size - INSTRUCTION_BYTES})


def _programs(program: Program, places: Mapping[Opcode, int]) -> Iterator[Fault]:
    """One instruction is another one."""
    layer, ahead, geometry = places[Opcode.LAYER], _read_ahead(program), program.geometry
    load, store, end = (places[opcode] for opcode in (Opcode.LOAD, Opcode.STORE, Opcode.END))
    yield Fault("an unknown opcode", Cause.OPCODE, end, code={end * INSTRUCTION_BYTES: UNKNOWN_OPCODE})
    frame = places[Opcode.FRAME]
    yield Fault("no FRAME", Cause.NO_FRAME, end, code=_code(program, frame, program.instructions[load]))
    for what, cause, at, fields in (
        ("a load to sums", Cause.MEMORY, load, {"memory": Memory.SUMS}),
        ("a store of weights", Cause.MEMORY, store, {"memory": Memory.WEIGHTS}),
        ("a prefetch of weights", Cause.MEMORY, places[Opcode.PREFETCH], {"memory": Memory.WEIGHTS}),
        ("an unknown base", Cause.MEMORY, load, {"base": max(Base) + 1}),
        ("a misaligned offset", Cause.ALIGNMENT, load, {"offset": 12}),
        ("no words", Cause.RANGE, store, {"words": 0}),
        ("words beyond a memory", Cause.RANGE, load, {"address": (1 << ADDRESS_BITS) - 1}),
        ("an unknown output", Cause.LAYER, layer, {"output": max(Output) + 1}),
        ("no rows", Cause.LAYER, layer, {"out_height": 0}),
        ("no input blocks", Cause.LAYER, layer, {"in_blocks": 0}),
        ("more blocks than tiles", Cause.LAYER, layer, {"tile_blocks": 15}),
        ("results beyond the memory", Cause.BOUNDS, layer, {"out_base": (1 << ADDRESS_BITS) - 1}),
        ("sums beyond the memory", Cause.BOUNDS, layer, {"sums_base": (1 << ADDRESS_BITS) - 1}),
        ("activations beyond the memory", Cause.BOUNDS, layer, {"in_base": geometry.activation_words}),
        ("parameters beyond the memory", Cause.BOUNDS, layer, {"parameter_base": geometry.parameter_words}),
        ("weights beyond the memory", Cause.BOUNDS, layer, {"weight_base": geometry.weight_words}),
        ("weights up to the memory's end", Cause.BOUNDS, layer, {"weight_base": geometry.weight_words - 1}),
        (
            "weights beyond the memory, early",
            Cause.BOUNDS,
            ahead,
            {"weight_base": geometry.weight_words},
        ),
    ):
        step = program.instructions[at]
        changed = replace(step, fields={**step.fields, **fields})
        yield Fault(what, cause, at, code=_code(program, at, changed))


def _read_ahead(program: Program) -> int:
    """Index of the first LAYER whose weights are read behind the LAYER before."""
    steps = enumerate(zip(program.instructions, program.instructions[1:], strict=False), start=1)
    layers = (i for i, pair in steps if {step.opcode for step in pair} == {Opcode.LAYER})
    return next(i for i in layers if program.instructions[i].fields["pe"] != LANES_PE)


def _code(program: Program, at: int, step: Instruction) -> Mapping[int, int]:
    """The bytes that differ if instruction `at` is `step`."""
    old, start = program.instructions[at].encoded(), at * INSTRUCTION_BYTES
    pairs = enumerate(zip(old, step.encoded(), strict=True))
    return {start + place: new for place, (byte, new) in pairs if new != byte}


def _stalls(places: Mapping[Opcode, int]) -> Iterator[Fault]:
    limit = {"WATCHDOG": 300}
    for channel in (Channel.READ_ADDRESS, Channel.READ_DATA):
        yield Fault(f"{channel} stands still", Cause.READ_STALLED, registers=limit, standing=channel)
    for channel in (Channel.WRITE_ADDRESS, Channel.WRITE_DATA, Channel.WRITE_ANSWER):
        store = places[Opcode.STORE]
        yield Fault(f"{channel} stands still", Cause.WRITE_STALLED, store, limit, standing=channel)
    yield Fault("a layer stands still", Cause.LAYER_STALLED, places[Opcode.LAYER], {"WATCHDOG": 16})
