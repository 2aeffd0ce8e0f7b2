"""Bench of pooling in the partial sums, against maps that the golden model gave.

CASE in the environment is an .npz file: feature_map [lanes, H, W], kernel, stride [2], and expected
[lanes, H', W']. WRONG_ADDRESS, if set, is the vector that goes to the neighbour of its address, which
must be noticed.
"""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import cocotb
import numpy as np

from twofold.network.types import IntArray
from twofold.rtl.partial_sums import Accumulation, PartialSums
from twofold.sim.benches.unit import UnitBench


def case() -> dict[str, IntArray]:
    with np.load(os.environ["CASE"]) as file:
        return dict(file)


def sweeps(given: dict[str, IntArray], operation: Accumulation) -> dict[str, list[Any]]:
    """One pass over all windows for each place in a window; x comes `LEAD` cycles after its address."""
    lanes, height, width = given["expected"].shape
    inputs: dict[str, list[Any]] = {name: [] for name in ("valid", "first", "operation", "addr")}
    inputs["x"] = [[0] * lanes for _ in range(PartialSums.LEAD)]
    (stride_y, stride_x), places = given["stride"], np.ndindex(*given["kernel"])
    for y, x in places:
        taps = given["feature_map"][:, y::stride_y, x::stride_x][:, :height, :width]
        for address, vector in enumerate(taps.reshape(lanes, -1).T):
            inputs["valid"].append(1)
            inputs["first"].append(int((y, x) == (0, 0)))
            inputs["operation"].append(operation.value)
            inputs["addr"].append(address)
            inputs["x"].append(vector.tolist())
    if "WRONG_ADDRESS" in os.environ:
        inputs["addr"][int(os.environ["WRONG_ADDRESS"])] ^= 1
    return inputs


async def check(dut: Any, operation: Accumulation) -> None:
    """What leaves in the last pass, and what is in the memory afterwards."""
    given = case()
    expected = given["expected"]
    bench = UnitBench(dut, PartialSums(lanes=len(expected), x_bits=9, depth=64))
    await bench.reset()
    inputs = sweeps(given, operation)
    passed, pixels = len(inputs["addr"]), expected[0].size
    idle = passed + PartialSums.DISTANCE - 1
    inputs["read_addr"] = [0] * idle + list(range(pixels))
    rows = expected.reshape(len(expected), -1).T.tolist()
    leaving, stored = deque(enumerate(rows)), deque(rows)
    cycle = 0
    async for outputs in bench.play(inputs, idle + pixels + PartialSums.LEAD):
        if passed - pixels + PartialSums.LATENCY <= cycle < passed + PartialSums.LATENCY:
            address, sums = leaving.popleft()
            assert outputs["out_valid"] == [1]
            assert (outputs["out_addr"], outputs["sums"]) == ([address], sums), f"window {address}"
        if cycle >= idle + PartialSums.LEAD:
            assert outputs["read_data"] == stored.popleft()
        cycle += 1
    assert not leaving and not stored


@cocotb.test()
async def max_pooling(dut: Any) -> None:
    await check(dut, Accumulation.MAX)


@cocotb.test()
async def sum_pooling(dut: Any) -> None:
    await check(dut, Accumulation.ADD)
