"""Bench of the requantiser against codes that the golden model gave.

CASE in the environment is an .npz file: for `multiplier_form` multiplier, shift [lanes], zero_point, low and
high, for `threshold_form` thresholds [lanes, T] and levels [T + 1], and for both accumulators and expected
[vectors, lanes]. WRONG_CONSTANT, if set, is added to the first channel's multiplier and taken from its
first threshold, which must be noticed.
"""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import cocotb
import numpy as np

from twofold.network.types import IntArray
from twofold.rtl.requantize.requantizer import RequantiseMode, Requantiser
from twofold.sim.benches.requantise_stream import columns, config_word
from twofold.sim.benches.unit import UnitBench

ERROR = int(os.environ.get("WRONG_CONSTANT", "0"))
IDLE_SHARE = 0.3


def case() -> dict[str, IntArray]:
    with np.load(os.environ["CASE"]) as file:
        return dict(file)


async def check(
    dut: Any, design: Requantiser, words: list[int], config: int, given: dict[str, IntArray]
) -> None:
    inputs = columns(design, words, given["accumulators"], config)
    stall(inputs, len(words), design.lanes)
    bench = UnitBench(dut, design)
    await bench.reset()
    sink = deque(enumerate((given["expected"] & 0xFF).tolist()))
    async for outputs in bench.play(inputs, len(inputs["valid"]) + design.LATENCY + 1):
        if outputs["out_valid"] == [1]:
            tag, codes = sink.popleft()
            assert (outputs["out_tag"], outputs["q"]) == ([tag % 256], codes), f"vector {tag}"
    assert not sink


def stall(inputs: dict[str, Any], load: int, lanes: int) -> None:
    """Puts cycles without a vector between the vectors."""
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    for position in reversed(np.flatnonzero(rng.random(len(inputs["valid"])) < IDLE_SHARE)):
        if position >= load:
            inputs["valid"].insert(position, 0)
            inputs["tag"].insert(position, 0)
            inputs["acc"].insert(position, [0] * lanes)
            inputs["config"].append(inputs["config"][-1])


@cocotb.test()
async def multiplier_form(dut: Any) -> None:
    given = case()
    design = Requantiser(lanes=len(given["multiplier"]), tag_bits=8)
    multiplier = given["multiplier"].copy()
    multiplier[0] += ERROR
    bounds = {name: int(given[name]) for name in ("zero_point", "low", "high")}
    config = config_word(RequantiseMode.MULTIPLIER, **bounds)
    await check(dut, design, design.words.multipliers(multiplier, given["shift"]), config, given)


@cocotb.test()
async def threshold_form(dut: Any) -> None:
    given = case()
    design = Requantiser(lanes=len(given["thresholds"]), tag_bits=8)
    thresholds = given["thresholds"].copy()
    thresholds[0, 0] -= ERROR
    words = design.words.thresholds(thresholds, given["levels"])
    await check(dut, design, words, config_word(RequantiseMode.THRESHOLDS), given)
