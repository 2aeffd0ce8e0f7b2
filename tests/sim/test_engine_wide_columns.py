"""Long columns of DSP blocks behind a layer without weights, with nothing stored between the two."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twofold.golden.compare import Check, Status
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Op, Requantise, SumPool2d
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType
from twofold.plan.schedule import plan
from twofold.plan.timing.cost import ISSUE
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.layer_timing import LayerTiming
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun

UINT4 = IntType(False, 4)
SUMS = IntType(True, 24)

GEOMETRY = Geometry(
    lanes=16,
    kinds=(PeName.INT4_DSP,),
    int4_dsp_low=-7,
    int4_dsp_high=7,
    activation_words=256,
    weight_words=512,
    sum_words=64,
    instructions=32,
    thresholds=False,
    features=(),
    lane_shift=0,
)


def network() -> Network:
    """Two pools, the first followed by the next frame's transfer, the second by a convolution."""
    rng = np.random.default_rng(1)
    gain, bounds = np.full(16, 9), (0, 15)
    ops: list[Op] = []
    tensors = [Tensor("x", (16, 5, 16), UINT4)]
    source = "x"
    for index, (width, shift) in enumerate(((8, 4), (4, 4), (4, 7))):
        sums, codes = f"sums{index}", f"codes{index}"
        weight = rng.integers(-7, 8, (16, 16, 1, 1))
        if index < 2:
            ops.append(SumPool2d(f"pool{index}", (source,), sums, kernel=(1, 2), stride=(1, 2)))
        else:
            ops.append(Conv2d("conv", (source,), sums, weight=weight, bias=np.zeros(16, np.int64)))
        shifts = np.full(16, shift)
        ops.append(Requantise(f"act{index}", (sums,), codes, multiplier=gain, shift=shifts, bounds=bounds))
        tensors += [Tensor(sums, (16, 5, width), SUMS), Tensor(codes, (16, 5, width), UINT4)]
        source = codes
    weight = rng.integers(-7, 8, (5, 16, 1, 1))
    ops.append(Conv2d("last", (source,), "y", weight=weight, bias=np.zeros(5, np.int64)))
    tensors.append(Tensor("y", (5, 5, 4), SUMS))
    return run_passes(Network.of("pooled", tensors, ops, "x", "y"), [narrow_accumulators])


def test_the_last_pixels_of_a_layer_do_not_come_again(
    library_once: Callable[[Geometry], EngineLibrary],
    verify_bulk_on: Callable[[EngineLibrary], Callable[..., tuple[Check, EngineRun]]],
) -> None:
    timing = LayerTiming.of(GEOMETRY)
    assert timing.product.latencies[1] > timing.drains[0] + timing.finish + ISSUE, "the columns are short"
    found = network()
    check, _ = verify_bulk_on(library_once(GEOMETRY))(found, plan(found, GEOMETRY), frames=3)
    assert check.status is Status.PASS, check.detail
