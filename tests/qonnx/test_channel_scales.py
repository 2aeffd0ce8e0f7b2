"""Quantisers of data with a scale for each channel, before depthwise convolutions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from twofold import api
from twofold.errors import UserError
from twofold.golden.compare import Status
from twofold.qonnx.importer.handlers import conv

SCALES = np.array([2**-5, 2**-7, 2**-3]).reshape(1, 3, 1, 1)


def separable(graph, scales, out=2**-4) -> None:
    """A pointwise layer, a quantiser of many scales, a depthwise one, and a pointwise one again."""
    graph.conv(graph.quantised_input(bits=4), "first", (3, 2, 1, 1))
    graph.node("Relu", ["first"], "relu")
    graph.quant("relu", "codes", scales, 4, signed=0)
    graph.conv("codes", "depthwise", (6, 1, 3, 3), group=3, pads=[1] * 4)
    graph.quant("depthwise", "hidden", out, 4)
    graph.conv("hidden", "y", (2, 6, 1, 1))


def test_scales_that_are_powers_of_two_are_exact(new_graph, agreed):
    graph = new_graph((2, 5, 5))
    separable(graph, SCALES)
    network = agreed(graph, "codes", "hidden")
    assert [op.kind for op in network.ops] == ["Conv2d", "Requantise"] * 2 + ["Conv2d"]
    assert len(set(network.ops[3].multiplier.tolist()) | set(network.ops[3].shift.tolist())) > 1


def test_free_scales_keep_their_bounds(new_graph, save, tmp_path):
    graph = new_graph((2, 5, 5))
    separable(graph, SCALES * np.array([0.9, 1.3, 1.1]).reshape(1, 3, 1, 1), 0.0731)
    (result,) = api.verify(save(graph), ["qonnx"], frames=40, approximate=True, work=tmp_path)
    assert result.status is Status.PASS, result.detail
    assert {"codes", "hidden", "y"} <= set(result.tensors)


def test_pools_pads_and_transpositions_keep_them(new_graph, agreed):
    graph = new_graph((2, 6, 6))
    graph.conv(graph.quantised_input(bits=4), "first", (3, 2, 1, 1))
    graph.node("Transpose", ["first"], "last", perm=[0, 2, 3, 1])
    graph.quant("last", "codes", SCALES.ravel(), 4)
    graph.node("Transpose", ["codes"], "back", perm=[0, 3, 1, 2])
    graph.node("MaxPool", ["back"], "pool", kernel_shape=[2, 2])
    graph.node("Pad", ["pool", graph.constant("pads", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)], "padded")
    graph.conv("padded", "y", (3, 1, 3, 3), group=3, scale=np.array([0.25, 1, 2**-4]).reshape(3, 1, 1, 1))
    assert agreed(graph, "codes", "pool").output_name == "y"


def test_a_wrong_factor_is_noticed(new_graph, save, monkeypatch, tmp_path):
    graph = new_graph((2, 5, 5))
    separable(graph, SCALES)
    monkeypatch.setattr(
        conv, "_group_factors", lambda node, operand, outputs, groups: (Fraction(1),) * outputs
    )
    (result,) = api.verify(save(graph), ["qonnx"], frames=20, work=tmp_path)
    assert result.status is Status.FAIL
    assert "hidden" in result.wrong


@pytest.mark.parametrize("kind", ["Conv", "Concat", "output"])
def test_what_needs_one_scale_is_refused(new_graph, load, kind):
    graph = new_graph((2, 5, 5))
    graph.conv(graph.quantised_input(bits=4), "first", (3, 2, 1, 1))
    graph.quant("first", "y" if kind == "output" else "codes", SCALES, 4)
    if kind == "Conv":
        graph.conv("codes", "y", (2, 3, 1, 1))
    elif kind == "Concat":
        graph.node("Concat", ["codes", "codes"], "y", axis=1)
    with pytest.raises(
        UserError, match=r"(input 'codes'|graph output): found a scale for each channel, supported"
    ):
        load(graph)
