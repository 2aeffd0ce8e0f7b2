"""Runs that are started right after one that was aborted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twofold.plan.timing.cost import BusTiming
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LAYER, TRANSFER, Base, Memory, Opcode, Output, encode
from twofold.rtl.layer_timing import LayerTiming
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.bulk.model import EngineModel

PROGRAM, SOURCE, RESULT = 0x1000, 0x2000, 0x3000
START, ABORT, BUSY, DONE, ABORTED = 0b01, 0b10, 0b0001, 0b0010, 0b1000
WORDS, PIXELS, SWEEPS, LIMIT = 6, 50, 20, 5000


def instruction(opcode: Opcode, layout: object, **fields: int) -> bytes:
    """Fields that are not named are 0."""
    names = [name for name in layout.members if name != "opcode"]  # type: ignore[attr-defined]
    return encode(opcode, {name: int(fields.get(name, 0)) for name in names})


def program() -> bytes:
    """Loads words, stores them, and executes a layer, the longest part of the run, whose results stay."""
    words = {"words": WORDS, "band_words": WORDS, "memory": Memory.ACTIVATIONS}
    counts = ("out_groups", "taps_y", "taps_x", "parts", "tile_blocks", "last_blocks")
    row = dict.fromkeys(("in_width", "out_width", "in_band_words", "out_band_words"), PIXELS)
    ones = dict.fromkeys((*counts, "in_height", "out_height", "stride_x", "stride_y"), 1)
    return b"".join(
        (
            instruction(Opcode.LOAD, TRANSFER, base=Base.INPUT, **words),
            encode(Opcode.FRAME, {}),
            instruction(Opcode.STORE, TRANSFER, base=Base.OUTPUT, **words),
            instruction(Opcode.LAYER, LAYER, pe=1, output=Output.MULTIPLY, in_blocks=SWEEPS, **row, **ones),
            encode(Opcode.END, {}),
        )
    )


def aborted(model: EngineModel) -> None:
    """A run that is aborted in the middle of its layer."""
    begin = model.clocks
    model.write("CONTROL", START)
    while model.clocks < begin + PIXELS * SWEEPS // 2:
        assert model.read("STATUS") == BUSY
    model.write("CONTROL", ABORT)
    while (status := model.read("STATUS")) & BUSY:
        pass
    assert status == DONE | ABORTED


def completed(model: EngineModel, memory: npt.NDArray[np.uint8], bytes_: int) -> int:
    """Cycles of a run whose results are what it loaded."""
    memory[SOURCE : SOURCE + bytes_] = np.random.default_rng(model.clocks).integers(0, 256, bytes_)
    memory[RESULT : RESULT + bytes_] = ~memory[SOURCE : SOURCE + bytes_]
    model.write("CONTROL", START)
    assert model.wait("STATUS", BUSY, LIMIT) == DONE
    assert (memory[RESULT : RESULT + bytes_] == memory[SOURCE : SOURCE + bytes_]).all()
    return model.read("CYCLES_LO")


def test_a_run_right_after_an_abort_waits_for_the_pipeline_and_no_other(
    library: EngineLibrary, geometry: Geometry
) -> None:
    code, memory, tail = program(), np.zeros(0x4000, np.uint8), LayerTiming.of(geometry).drained
    memory[PROGRAM : PROGRAM + len(code)] = np.frombuffer(code, np.uint8)
    bytes_ = WORDS * geometry.activation_word_bits // 8
    with EngineModel(library, memory, bus=BusTiming(0, 0, 0)) as model:
        addresses = {"PROGRAM_ADDR": PROGRAM, "INPUT_ADDR": SOURCE, "OUTPUT_ADDR": RESULT}
        for name, value in {**addresses, "PROGRAM_BYTES": len(code)}.items():
            model.write(name, value)
        alone = completed(model, memory, bytes_)
        assert completed(model, memory, bytes_) == alone, "a run after a whole one"
        aborted(model)
        assert 0 < completed(model, memory, bytes_) - alone <= tail
        aborted(model)
        for _ in range(tail):
            model.read("STATUS")
        assert completed(model, memory, bytes_) == alone
