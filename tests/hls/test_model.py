"""hls4ml's graph keeps every layer and type of the specification."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hls4ml.model.types import IntegerPrecisionType

from twofold.errors import UserError
from twofold.hls.layers import register_layers
from twofold.hls.lower.run import lower
from twofold.hls.model import build_model, check_model
from twofold.hls.options import HlsOptions
from twofold.hls.spec import ProjectSpec
from twofold.network.graph import Network


@pytest.fixture(scope="module")
def spec(every_op_network: Network) -> ProjectSpec:
    return lower(every_op_network, HlsOptions())


@pytest.fixture
def model(spec: ProjectSpec, tmp_path: Path) -> Any:
    return build_model(spec, "top", tmp_path, HlsOptions())


def test_the_graph_is_as_specified(spec: ProjectSpec, model: Any) -> None:
    check_model(model, spec)
    assert sum(layer.class_name == "Clone" for layer in model.get_layers()) == 3


@pytest.mark.parametrize("value", ["result", "accum", "weight", "bias"])
def test_a_changed_type_is_named(spec: ProjectSpec, model: Any, value: str) -> None:
    name = spec.layer_of("down_sum").name
    model.graph[name].get_attr(f"{value}_t").precision = IntegerPrecisionType(4, True)
    with pytest.raises(UserError, match=f"{name}: {value} type: expected .*, hls4ml made it"):
        check_model(model, spec)


def test_a_changed_copy_reuse_factor_or_layer_is_named(spec: ProjectSpec, model: Any) -> None:
    clone = next(layer for layer in model.get_layers() if layer.class_name == "Clone")
    kept = clone.get_output_variable().type.precision
    for variable in clone.get_variables():
        variable.type.precision = IntegerPrecisionType(1, False)
    with pytest.raises(UserError, match=r"clone_.*: result type: expected ap_uint<8>, hls4ml made it"):
        check_model(model, spec)
    for variable in clone.get_variables():
        variable.type.precision = kept
    layer = model.graph[spec.layer_of("down_sum").name]
    layer.set_attr("reuse_factor", layer.get_attr("reuse_factor") + 1)
    with pytest.raises(UserError, match=f"{layer.name}: reuse factor: expected"):
        check_model(model, spec)
    with pytest.raises(UserError, match="hls4ml added or removed it"):
        check_model(model, replace(spec, layers=spec.layers[:-1]))


def test_registering_twice_is_allowed() -> None:
    register_layers()
    register_layers()
