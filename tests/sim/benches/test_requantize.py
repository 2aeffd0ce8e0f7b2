"""The cocotb bench of the requantiser against the golden model, and wrong constants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.golden.execute import execute
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Op, Requantise, Threshold
from twofold.network.types import IntArray, IntType
from twofold.rtl.requantize.requantizer import Requantiser
from twofold.rtl.verilog import to_verilog
from twofold.sim.benches.requantise_stream import ties_and_extremes
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.requantize"
LANES, VECTORS = 4, 250
APOT_LEVELS = np.array([0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48])


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    source = tmp_path_factory.mktemp("rtl") / "requantiser.sv"
    to_verilog(Requantiser(lanes=LANES, tag_bits=8), "requantiser", source)
    return build([source], "requantiser", Path("build/benches"), optimise="-O0")


def golden(op: Op, accumulators: IntArray, type_: IntType) -> IntArray:
    """What the golden model makes of accumulators [N, lanes]."""
    tensors = [Tensor("acc", (LANES,), IntType(True, 24)), Tensor("q", (LANES,), type_)]
    return execute(Network.of("one layer", tensors, [op], "acc", "q"), accumulators)["q"]


def multiplier_case(path: Path) -> Path:
    rng = np.random.default_rng(1)
    multiplier, shift = rng.integers(80, 300, LANES), rng.integers(14, 20, LANES)
    accumulators = ties_and_extremes(multiplier, shift, 24, rng, count=VECTORS)
    op = Requantise("op", ("acc",), "q", multiplier, shift, (-100, 127))
    expected = golden(op, accumulators, IntType(True, 8, zero_point=-3))
    constants = {"multiplier": multiplier, "shift": shift, "zero_point": -3, "low": -100, "high": 127}
    np.savez(path, accumulators=accumulators, expected=expected, **constants)
    return path


def threshold_case(path: Path) -> Path:
    rng = np.random.default_rng(2)
    thresholds = np.sort(rng.integers(-3000, 3000, (LANES, 15)), axis=1)
    near = thresholds[np.arange(LANES), rng.integers(0, 15, (VECTORS, LANES))]
    accumulators = near + rng.integers(-1, 2, near.shape)
    op = Threshold("op", ("acc",), "q", thresholds, APOT_LEVELS)
    expected = golden(op, accumulators, IntType(False, 6))
    np.savez(path, accumulators=accumulators, expected=expected, thresholds=thresholds, levels=APOT_LEVELS)
    return path


@pytest.mark.parametrize(
    ("form", "case"), [("multiplier_form", multiplier_case), ("threshold_form", threshold_case)]
)
def test_codes_are_golden_and_a_wrong_constant_is_noticed(
    form: str, case, simulation: Simulation, tmp_path: Path
) -> None:
    env = {"CASE": str(case(tmp_path / "case.npz"))}
    assert len(run(simulation, BENCH, env=env, tests=form)) == 1
    with pytest.raises(SimulationError, match=f"failing tests: .*{form}"):
        run(simulation, BENCH, env=env | {"WRONG_CONSTANT": "1"}, tests=form)
