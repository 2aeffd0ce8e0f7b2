"""What `--approximate` takes: each layer within its proven bound, on the executor's own integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twofold import api
from twofold.errors import UserError
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute, execute_on
from twofold.network.ops import Threshold
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer import quantisers
from twofold.qonnx.importer.load import import_file


def two_layers(graph, scale=0.1, weight_scale=0.03, inputs=16) -> None:
    graph.quantised_input(scale=scale)
    graph.node("MatMul", ["x", graph.weights("w", (inputs, 8), weight_scale)], "product")
    graph.quant("product", "hidden", 0.2, 4)
    graph.node("MatMul", ["hidden", graph.weights("v", (8, 5), 0.07)], "second")
    graph.quant("second", "y", 0.3)


def check(path, frames=200):
    """The executor against golden, each op on the executor's own integers."""
    imported = import_file(path, approximate=True)
    network, reader = imported.network, imported.reader
    codes = np.random.default_rng(0).choice(reader.codes, (frames, *network.input.shape))
    found = run_executor(path, network, codes, reader.images_of(codes), imported.views)
    golden = execute_on(network, codes, found)
    names = [name for name in imported.bounds if name in found]
    return imported, compare("m", ("golden", golden), ("qonnx", found), tuple(names), imported.bounds)


def test_free_scales_are_refused_by_default(new_graph, load):
    graph = new_graph((16,))
    two_layers(graph)
    message = r"Quant 'hidden': input: found float32 sums that may be off by .* --approximate"
    with pytest.raises(UserError, match=message):
        load(graph)


def test_each_layer_keeps_its_bound_on_equal_integers(new_graph, save):
    graph = new_graph((16,))
    two_layers(graph)
    imported, result = check(save(graph), 2000)
    assert result.status is Status.PASS, result.detail
    assert set(imported.errors) == {"hidden", "y"}
    assert all(1 <= bound <= 2 for bound in imported.bounds.values())
    assert result.deviations["y"].largest <= imported.bounds["y"]


@settings(
    max_examples=12, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.floats(0.01, 1), st.floats(0.01, 1), st.integers(1, 40), st.integers(0, 1 << 16))
def test_no_bound_is_ever_exceeded(new_graph, save, scale, weight_scale, inputs, seed):
    graph = new_graph((inputs,), seed)
    two_layers(graph, scale, weight_scale, inputs)
    _, result = check(save(graph), 60)
    assert result.status is Status.PASS, result.detail


def test_logits_of_a_free_scale_stand_for_the_nearest_integers(new_graph, save, load):
    graph = new_graph((40,))
    graph.quantised_input(scale=0.1)
    inputs = ["x", graph.weights("w", (6, 40), 0.03), graph.constant("bias", graph.random.normal(size=6))]
    graph.node("Gemm", inputs, "y", transB=1)
    with pytest.raises(UserError, match="Gemm 'y': graph output: found sums that float32 may round"):
        load(graph)
    imported, result = check(save(graph), 500)
    assert (result.status, result.tensors, imported.bounds) == (Status.PASS, ("x", "y"), {"y": 1})
    assert result.deviations["y"].largest <= 1


def every_input(path, approximate=True):
    imported = import_file(path, approximate=approximate)
    network, reader = imported.network, imported.reader
    grids = np.meshgrid(*[reader.codes] * network.input.channels, indexing="ij")
    codes = np.stack([grid.ravel() for grid in grids], axis=1)
    found = run_executor(path, network, codes, reader.images_of(codes), imported.views)
    return imported, execute(network, codes), found


def three_inputs(graph) -> None:
    graph.quantised_input(scale=0.1, bits=4)
    graph.node("MatMul", ["x", graph.weights("w", (3, 6), 0.03)], "product")
    graph.node("Add", ["product", graph.constant("term", graph.random.normal(size=6))], "moved")
    graph.quant("moved", "y", 0.0231)


def test_all_inputs_of_a_small_layer_stay_within_the_bound(new_graph, save):
    graph = new_graph((3,))
    three_inputs(graph)
    imported, golden, found = every_input(save(graph))
    assert golden["y"].shape == (4096, 6)
    assert np.abs(golden["y"] - found["y"]).max() <= imported.errors.get("y", 0)


def test_thresholds_that_are_off_by_more_are_noticed(new_graph, save, monkeypatch):
    graph = new_graph((16,))
    two_layers(graph)
    path = save(graph)

    def moved(*fields):
        name, inputs, output, thresholds, levels = fields
        return Threshold(name, inputs, output, thresholds + 200, levels)

    monkeypatch.setattr(quantisers, "Threshold", moved)
    _, result = check(path, 500)
    assert result.status is Status.FAIL
    assert result.wrong["hidden"] > 0


def test_verify_compares_each_layer_with_its_bound(new_graph, save, tmp_path):
    graph = new_graph((16,))
    two_layers(graph)
    (result,) = api.verify(save(graph), ["qonnx"], frames=50, approximate=True, work=tmp_path)
    assert (result.status, set(result.deviations)) == (Status.PASS, {"hidden", "y"})
    shown = api.show(save(graph), approximate=True)
    assert [line.bound > 0 for line in shown.lines] == [False, True, False, True]


def test_an_exact_network_needs_no_bound(new_graph, save, tmp_path):
    graph = new_graph((16,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("w", (16, 8))], "product")
    graph.quant("product", "y", 2**-3)
    (result,) = api.verify(save(graph), ["qonnx"], frames=50, approximate=True, work=tmp_path)
    assert (result.status, result.deviations) == (Status.PASS, {})


def test_a_build_says_each_layers_bound(new_graph, save, tmp_path):
    graph = new_graph((16,))
    two_layers(graph)
    made = api.build(save(graph), "pynq-z2", "hls", tmp_path / "project", approximate=True)
    assert made.as_json()["exactness"]["class"] == "approximate"
    assert set(made.exactness.bounds) == {"hidden", "y"}
    assert "hidden ±1" in made.exactness.line
