"""Bench of a PE array against exact inner products.

The environment names the kind (PE, TIN, TOUT). WRONG_WEIGHT, if set, is the tile whose first weight
code is corrupted on its way in, which must be noticed.
"""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import cocotb
import numpy as np

from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.sim.benches.pe_stream import Stream, Tiles, extreme_tiles, make_stream, random_tiles
from twofold.sim.benches.unit import UnitBench

KINDS: dict[str, type[PeKind]] = {
    "apot_shift": ApotShift,
    "int4_dsp": Int4Dsp,
    "int8_dsp": Int8Dsp,
    "int_mul": IntMul,
    "lut_da": LutDa,
}


def kind_from_environment() -> PeKind:
    return KINDS[os.environ["PE"]](int(os.environ["TIN"]), int(os.environ["TOUT"]))


def corrupt(stream: Stream, kind: PeKind) -> None:
    """Flips the lowest bit of a word of the tile that WRONG_WEIGHT names."""
    if "WRONG_WEIGHT" in os.environ:
        loads = np.flatnonzero(stream.inputs["load_valid"])
        stream.inputs["load_word"][loads[int(os.environ["WRONG_WEIGHT"]) * kind.load_words]] ^= 1


async def check(dut: Any, kind: PeKind, tiles: Tiles) -> None:
    stream = make_stream(kind, *tiles)
    corrupt(stream, kind)
    bench = UnitBench(dut, kind.component())
    await bench.reset()
    sink = deque(stream.expected.tolist())
    begin, cycle = stream.first + kind.latency, 0
    async for outputs in bench.play(stream.inputs, begin + len(sink)):
        if cycle >= begin:
            assert outputs["y"] == sink.popleft(), f"cycle {cycle}"
        cycle += 1
    assert not sink


@cocotb.test()
async def random_weights(dut: Any) -> None:
    kind = kind_from_environment()
    await check(dut, kind, random_tiles(kind, np.random.default_rng(cocotb.RANDOM_SEED)))


@cocotb.test()
async def extreme_weights(dut: Any) -> None:
    kind = kind_from_environment()
    await check(dut, kind, extreme_tiles(kind))
