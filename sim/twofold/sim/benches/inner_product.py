"""Bench of the vector inner product against sums that the golden model gave.

CASE in the environment is an .npz file: activations [tiles, P, lanes], of which each vector is of one
signedness and those equal to `pad` come as padding, and expected [tiles, P, lanes]; with weights
[tiles, lanes, lanes] for the PE kind number `pe` ≥ 1, with a shift for `pe` 0. WRONG_CODE, if set,
is the cycle from which on the first vector inside the map gets a wrong lane, which must be noticed.
"""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import cocotb
import numpy as np

from twofold.network.types import IntArray
from twofold.rtl.geometry import LANE_BITS, Geometry
from twofold.rtl.inner_product import ProductTiming, VectorInnerProduct
from twofold.rtl.mac.interface import pack
from twofold.rtl.mac.kinds import pe_kinds
from twofold.rtl.operands import Operands
from twofold.sim.benches.pe_stream import make_stream
from twofold.sim.benches.unit import UnitBench
from twofold.sim.vectors import Column

GEOMETRY = Geometry()
OPERANDS = Operands.of([kind.addends for kind in pe_kinds(GEOMETRY)], full=False)
Given = dict[str, IntArray]


def case() -> Given:
    with np.load(os.environ["CASE"]) as file:
        return dict(file)


def lane_columns(vectors: IntArray, pad: int) -> dict[str, Column]:
    """Words of 8-bit codes for vectors [cycles, lanes], with garbage where a vector is padding."""
    inside = (vectors != pad).any(axis=1)
    codes = np.where(inside[:, None], vectors, np.arange(len(vectors))[:, None])
    words = [pack(row, LANE_BITS) for row in codes]
    if "WRONG_CODE" in os.environ:
        start = int(os.environ["WRONG_CODE"])
        words[start + int(np.argmax(inside[start:]))] ^= 1
    return {"word": words, "inside": inside, "signed_lanes": (vectors < 0).any(axis=1)}


async def check(dut: Any, given: Given, inputs: dict[str, Column], first: int, expected: IntArray) -> None:
    """expected: [P, lanes], of the vectors from cycle `first` on; numbers of other sources are 0."""
    pe = int(given["pe"])
    bench = UnitBench(dut, VectorInnerProduct(GEOMETRY, OPERANDS))
    await bench.reset()
    sink = deque(expected.tolist())
    begin, cycle = first + ProductTiming.of(GEOMETRY).latencies[pe], 0
    cycles = begin + len(sink)
    held = {"pe": [pe] * cycles, "load_pe": [pe] * cycles, "pad": [int(given["pad"])] * cycles}
    async for outputs in bench.play({**inputs, **held}, cycles):
        if cycle >= begin:
            numbers = np.reshape(outputs["y"], (OPERANDS.count, GEOMETRY.lanes))
            own = numbers[list(OPERANDS.places[pe])]
            assert own.sum(axis=0).tolist() == sink.popleft(), f"vector {cycle - begin}"
            assert np.count_nonzero(numbers) == np.count_nonzero(own), f"vector {cycle - begin}"
        cycle += 1
    assert not sink


@cocotb.test()
async def with_weights(dut: Any) -> None:
    given = case()
    kind = pe_kinds(GEOMETRY)[int(given["pe"]) - 1]
    stream = make_stream(kind, list(given["weights"]), list(given["activations"]))
    inputs = {name: column for name, column in stream.inputs.items() if name != "a"}
    lanes = lane_columns(np.asarray(stream.inputs["a"]), int(given["pad"]))
    corrections = np.array([kind.correction(tile) for tile in given["weights"]])
    expected = given["expected"] - corrections[:, None]
    await check(dut, given, {**inputs, **lanes}, stream.first, expected.reshape(-1, kind.tout))


@cocotb.test()
async def without_weights(dut: Any) -> None:
    given = case()
    vectors = given["activations"].reshape(-1, GEOMETRY.lanes)
    shift = np.full(len(vectors), given["shift"])
    expected = given["expected"].reshape(vectors.shape)
    await check(dut, given, {**lane_columns(vectors, int(given["pad"])), "shift": shift}, 0, expected)
