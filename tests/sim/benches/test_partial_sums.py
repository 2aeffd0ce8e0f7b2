"""The cocotb bench of pooling against the golden model, and a wrong address."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.golden.execute import execute
from twofold.network.graph import Network, Tensor
from twofold.network.ops import MaxPool2d, Op, SumPool2d
from twofold.network.types import IntType
from twofold.rtl.partial_sums import PartialSums
from twofold.rtl.verilog import to_verilog
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.partial_sums"
LANES, HEIGHT, WIDTH = 4, 7, 9
KERNEL, STRIDE = (3, 3), (2, 2)
POOLED = (3, 4)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    source = tmp_path_factory.mktemp("rtl") / "partial_sums.sv"
    to_verilog(PartialSums(lanes=LANES, x_bits=9, depth=64), "partial_sums", source)
    return build([source], "partial_sums", Path("build/benches"), optimise="-O0")


def golden_case(op: Op, path: Path) -> Path:
    """A random map and what the golden model pools it to."""
    feature_map = np.random.default_rng(1).integers(-256, 256, (LANES, HEIGHT, WIDTH))
    tensors = [
        Tensor("x", feature_map.shape, IntType(True, 9)),
        Tensor("y", (LANES, *POOLED), IntType(True, 9 if isinstance(op, MaxPool2d) else 13)),
    ]
    expected = execute(Network.of("one layer", tensors, [op], "x", "y"), feature_map[None])["y"][0]
    np.savez(path, feature_map=feature_map, kernel=KERNEL, stride=STRIDE, expected=expected)
    return path


@pytest.mark.parametrize(
    ("operation", "op"),
    [
        ("max_pooling", MaxPool2d("op", ("x",), "y", KERNEL, STRIDE)),
        ("sum_pooling", SumPool2d("op", ("x",), "y", KERNEL, STRIDE)),
    ],
)
def test_pooled_maps_are_golden_and_a_wrong_address_is_noticed(
    operation: str, op: Op, simulation: Simulation, tmp_path: Path
) -> None:
    env = {"CASE": str(golden_case(op, tmp_path / "case.npz"))}
    assert len(run(simulation, BENCH, env=env, tests=operation)) == 1
    with pytest.raises(SimulationError, match=f"failing tests: .*{operation}"):
        run(simulation, BENCH, env=env | {"WRONG_ADDRESS": "100"}, tests=operation)
