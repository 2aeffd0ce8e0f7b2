"""Sums at the ends of what accumulators hold, kept and requantised, of every place that adds them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Op, Requantise, Threshold
from twofold.network.types import IntType
from twofold.plan.accumulators import accumulator_width
from twofold.plan.schedule import plan
from twofold.rtl.geometry import ACCUMULATOR_BITS_MAX, Geometry
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.bulk.run import run_bulk
from twofold.sim.engine import shaped

INPUTS, OUTPUTS, KERNEL = 8, 16, (4, 8)
GREATEST = 255 * 127 * INPUTS * KERNEL[0] * KERNEL[1]
END = (1 << ACCUMULATOR_BITS_MAX - 1) - 2
"""The greatest sum of products, and the greatest that an accumulator may hold."""


def sums() -> tuple[list[Tensor], Conv2d]:
    """Products lead from a bias to both ends, and from a bias at an end away from it; the rest is random."""
    weight = np.random.default_rng(1).choice([-127, 127], (OUTPUTS, INPUTS, *KERNEL))
    weight[:4] = np.array([127, -127, -127, 127])[:, None, None, None]
    bias = np.zeros(OUTPUTS, np.int64)
    bias[:4] = END - GREATEST, GREATEST - END, END, -END
    map_ = Tensor("x", (INPUTS, *KERNEL), IntType(False, 8))
    tensors = [map_, Tensor("sums", (OUTPUTS, 1, 1), IntType(True, ACCUMULATOR_BITS_MAX))]
    return tensors, Conv2d("conv", ("x",), "sums", weight, bias)


def quantised(op: Op | None) -> Network:
    tensors, conv = sums()
    if op is None:
        return Network.of("kept", tensors, [conv], "x", "sums")
    return Network.of(
        "ends", [*tensors, Tensor("y", (OUTPUTS, 1, 1), IntType(True, 8))], [conv, op], "x", "y"
    )


def multipliers() -> Requantise:
    """Codes of which one more or less is a sum's 2^16."""
    multiplier, shift = np.full(OUTPUTS, 1), np.full(OUTPUTS, 16)
    return Requantise("y", ("sums",), "y", multiplier, shift, (-128, 127))


def thresholds() -> Threshold:
    """Steps at the ends, and one above and below each of them."""
    steps = np.array([-END, 1 - END, -1, 0, 1, END - 1, END])
    return Threshold("y", ("sums",), "y", np.tile(steps, (OUTPUTS, 1)), np.arange(-4, 4))


NETWORKS = {"kept": None, "multiplied": multipliers(), "compared": thresholds()}


@pytest.mark.parametrize("name", NETWORKS)
def test_sums_at_the_ends_are_exact(
    name: str, engine_geometry: Geometry, library_once: Callable[[Geometry], EngineLibrary]
) -> None:
    network = quantised(NETWORKS[name])
    frames = sample_frames(network, 4, seed=0)
    golden = execute(network, frames)
    assert [(channel.min(), channel.max()) for channel in golden["sums"].T[0, 0, :4]] == [
        *((END - GREATEST, END), (-END, GREATEST - END)),
        *((END - GREATEST, END), (-END, GREATEST - END)),
    ]
    run = run_bulk(library_once(engine_geometry), plan(network, engine_geometry, traced=True), frames)
    check = compare(name, ("golden", golden), ("rtl", shaped(network, run)), (network.output_name,))
    assert check.status is Status.PASS, check.detail


def test_the_ends_are_those_of_the_widest_accumulator() -> None:
    assert accumulator_width(END) == ACCUMULATOR_BITS_MAX
    assert accumulator_width(END + 1) == ACCUMULATOR_BITS_MAX + 1
