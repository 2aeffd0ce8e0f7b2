"""Residual additions of free scales: proven on every pair of codes, or within a bound."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.hls.lower.run import lower
from twofold.hls.options import HlsOptions
from twofold.network.dyadic import Dyadic
from twofold.network.ops import Add, Threshold, WeightedAdd
from twofold.network.types import IntType
from twofold.overview import NOWHERE, overview
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.handlers import addition
from twofold.qonnx.importer.load import import_file
from twofold.qonnx.importer.points import points_of_sum


def two_branches(graph, a, b, out, bits=(8, 8, 8), zeros=(0, 0), relu=True) -> None:
    """`a` and `b` are each half of the input's channels, so that all pairs of codes occur."""
    graph.quantised_input(bits=8)
    for name, scale, width, zero, row in (("a", a, bits[0], zeros[0], 0), ("b", b, bits[1], zeros[1], 1)):
        picked = np.zeros((2, 1))
        picked[row] = 1
        graph.constant(f"{name}.float", picked)
        graph.node("MatMul", ["x", graph.quant(f"{name}.float", f"{name}.weight", 1.0, 2)], f"{name}.sum")
        shift = graph.constant(f"{name}.shift", -8.0)
        graph.node("Add", [f"{name}.sum", shift], f"{name}.moved")
        graph.node("Mul", [f"{name}.moved", graph.constant(f"{name}.factor", 16.0 * scale)], f"{name}.wide")
        graph.quant(f"{name}.wide", name, scale, width, zero)
    graph.node("Add", ["a", "b"], "sum")
    last = graph.node("Relu", ["sum"], "relu") if relu else "sum"
    graph.quant(last, "y", out, bits[2], signed=0 if relu else 1)


def all_pairs(path, approximate=False):
    imported = import_file(path, approximate)
    codes = np.stack(np.meshgrid(np.arange(256), np.arange(256)), axis=-1).reshape(-1, 2)
    found = run_executor(path, imported.network, codes, imported.reader.images_of(codes), imported.views)
    golden = execute(imported.network, codes)
    assert np.array_equal(golden["a"], found["a"]) and np.array_equal(golden["b"], found["b"])
    assert len(np.unique(golden["a"])) > 200
    return imported, golden["y"], found["y"]


@pytest.mark.parametrize("a, b, out", [(0.0371, 0.0213, 0.061), (0.1, 0.0003, 0.07)])
@pytest.mark.parametrize("relu", [True, False])
def test_every_pair_of_codes_is_the_executor_s(new_graph, save, a, b, out, relu):
    graph = new_graph((2,))
    two_branches(graph, a, b, out, relu=relu)
    imported, golden, found = all_pairs(save(graph))
    assert np.array_equal(golden, found)
    assert [type(op) for op in imported.network.ops[-2:]] == [WeightedAdd, Threshold]


def test_zero_points(new_graph, save):
    graph = new_graph((2,))
    two_branches(graph, 0.0371, 0.0213, 0.061, zeros=(-5, 17))
    _, golden, found = all_pairs(save(graph))
    assert np.array_equal(golden, found)


def test_equal_free_scales(new_graph, save):
    graph = new_graph((2,))
    two_branches(graph, 0.1, 0.1, 0.13)
    imported, golden, found = all_pairs(save(graph))
    assert np.array_equal(golden, found)
    assert any(isinstance(op, Add) for op in imported.network.ops)


def test_a_wrong_factor_is_noticed(new_graph, save, monkeypatch):
    graph = new_graph((2,))
    two_branches(graph, 0.0371234567, 0.0213765432, 0.061)
    path = save(graph)
    nearest = addition._factors

    def off(*given):
        first, second = nearest(*given)
        return first, second - 40

    monkeypatch.setattr(addition, "_factors", off)
    with pytest.raises(UserError, match=r"Quant 'y': input: found float32 sums that may be off by"):
        all_pairs(path)
    imported, golden, found = all_pairs(path, approximate=True)
    difference = np.abs(golden - found).max()
    assert 1 <= difference <= imported.errors["y"]


SCALES = st.floats(2.0**-10, 2.0**3, width=32)


@settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(SCALES, SCALES, SCALES)
def test_random_scales_are_exact_or_within_their_bound(new_graph, save, a, b, out):
    graph = new_graph((2,))
    two_branches(graph, a, b, out)
    path = save(graph)
    try:
        imported, golden, found = all_pairs(path)
        assert np.array_equal(golden, found)
    except UserError:
        try:
            imported, golden, found = all_pairs(path, approximate=True)
        except UserError as error:
            assert "scales" in str(error)
            return
        assert np.abs(golden - found).max() <= imported.errors["y"]


def test_scales_of_other_sizes_are_refused(new_graph, load):
    graph = new_graph((2,))
    two_branches(graph, 0.3, 0.3e-6, 0.061)
    with pytest.raises(UserError, match=r"Add 'sum': scales: found .* a ratio of two numbers up to 65535"):
        load(graph)


def test_points_are_all_sums_with_the_executor_s_numbers():
    types = (IntType(True, 2, Dyadic.from_float(0.25)), IntType(False, 1, Dyadic.from_float(0.75), 1))
    points = points_of_sum(types, ((-2, 1), (0, 1)), (1, 3))
    assert points.integers.tolist() == [-2, -1, 0, 1, 2, 3, 4]
    assert points.lowest.tolist() == [-1.25, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25]
    assert points.highest.tolist() == [-1.25, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25]
    assert points.settled(np.array([-9, 0, 4, 5])).tolist() == [-2, 0, 4, 5]


def test_the_nearest_factors(new_graph):
    ratio = Fraction(np.float32(0.0371).item()) / Fraction(np.float32(0.0213).item())
    scales = (Dyadic.from_float(float(np.float32(0.0371))), Dyadic.from_float(float(np.float32(0.0213))))
    first, second = addition._factors(None, *scales)
    assert max(first, second) < 1 << 16
    assert abs(Fraction(first, second) - ratio) < Fraction(1, second * 65535)


def test_the_engine_refuses_free_scales_with_a_way_out(new_graph, save):
    graph = new_graph((2,))
    two_branches(graph, 0.0371, 0.0213, 0.061)
    seen = overview(import_file(save(graph)))
    assert seen.obstacle.startswith("sum: factors: expected operands whose scales are equal or differ by")
    assert "--backend hls" in seen.obstacle and "found operands times" in seen.obstacle
    assert {line.where for line in seen.lines} == {NOWHERE}


def test_hls4ml_takes_the_sums_that_the_engine_refuses(new_graph, save):
    """8-bit codes times 16-bit factors make sums of 25 bits, of which the HLS backend takes 53."""
    graph = new_graph((2,))
    two_branches(graph, 0.0371, 0.0213, 0.061)
    network = import_file(save(graph)).network
    (op,) = [op for op in network.ops if isinstance(op, WeightedAdd)]
    assert network.result(op).type.bits <= 25
    kinds = [layer.kind for layer in lower(network, HlsOptions()).layers]
    assert "TwofoldAdd" in kinds
