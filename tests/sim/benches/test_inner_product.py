"""The cocotb bench of the vector inner product against the golden model, and a wrong code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.golden.execute import execute
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Linear, Op
from twofold.network.types import IntArray, IntType
from twofold.rtl.inner_product import VectorInnerProduct
from twofold.rtl.mac.kinds import pe_kinds
from twofold.rtl.verilog import to_verilog
from twofold.sim.benches.inner_product import GEOMETRY, OPERANDS
from twofold.sim.benches.pe_stream import accepted_weights
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.inner_product"
TILES, VECTORS = 5, 12


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    source = tmp_path_factory.mktemp("rtl") / "inner_product.sv"
    to_verilog(VectorInnerProduct(GEOMETRY, OPERANDS), "inner_product", source)
    return build([source], "inner_product", Path("build/benches"), optimise="-O0")


def vectors(low: int, pad: int) -> IntArray:
    """[tiles, P, lanes]: each vector signed or unsigned, and some of them padding."""
    rng = np.random.default_rng(1)
    shape = (TILES, VECTORS, GEOMETRY.lanes)
    signed, unsigned = rng.integers(low, 128, shape), rng.integers(0, 256, shape)
    mixed = np.where(rng.random((TILES, VECTORS, 1)) < 0.5, signed, unsigned)
    return np.where(rng.random((TILES, VECTORS, 1)) < 0.2, pad, mixed)


def golden(op: Op, activations: IntArray) -> IntArray:
    """What the golden model makes of vectors [P, lanes]."""
    size = (GEOMETRY.lanes,)
    tensors = [Tensor("x", size, IntType(True, 9)), Tensor("y", size, IntType(True, 24))]
    return execute(Network.of("one layer", tensors, [op], "x", "y"), activations)["y"]


def expect_golden(simulation: Simulation, test: str, path: Path, **given: object) -> None:
    """Passes as it is, fails with one code changed."""
    np.savez(path, **given)
    assert len(run(simulation, BENCH, env={"CASE": str(path)}, tests=f"{test}$")) == 1
    with pytest.raises(SimulationError, match=f"failing tests: .*{test}"):
        run(simulation, BENCH, env={"CASE": str(path), "WRONG_CODE": "30"}, tests=f"{test}$")


@pytest.mark.parametrize("pe", range(1, 1 + len(GEOMETRY.kinds)))
def test_sums_of_every_kind(pe: int, simulation: Simulation, tmp_path: Path) -> None:
    kind = pe_kinds(GEOMETRY)[pe - 1]
    pad = max(-7, kind.activation_range[0])
    activations = vectors(kind.activation_range[0], pad)
    levels = accepted_weights(kind)
    weights = np.random.default_rng(2).choice(levels[levels != 0], (TILES, kind.tout, kind.tin))
    layers = [Linear("op", ("x",), "y", tile, np.zeros(kind.tout, np.int64)) for tile in weights]
    expected = [golden(layer, block) for layer, block in zip(layers, activations, strict=True)]
    given = {"activations": activations, "weights": weights, "expected": expected, "pe": pe, "pad": pad}
    expect_golden(simulation, "with_weights", tmp_path / "case.npz", **given)


def test_lanes_shifted_without_weights(simulation: Simulation, tmp_path: Path) -> None:
    activations = vectors(-128, -5)
    layer = Add("op", ("x", "x"), "y", (3, 2))
    # (x << 3) + (x << 2) is 12·x, and the lanes alone are shifted by 2.
    expected = golden(layer, activations.reshape(-1, GEOMETRY.lanes)) // 3
    given = {"activations": activations, "expected": expected, "shift": 2, "pe": 0, "pad": -5}
    expect_golden(simulation, "without_weights", tmp_path / "case.npz", **given)
