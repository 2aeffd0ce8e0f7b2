"""Where layers run, by the engine that is proposed for the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold import api
from twofold.network.graph import Network
from twofold.overview import ADDRESSES, LANES, NOWHERE, REQUANTISER, overview

APOT = Path(__file__).parent / "assets" / "apot" / "model.onnx"


@pytest.fixture(scope="module")
def network() -> Network:
    return api.import_model(APOT)


def test_each_op_has_its_place(network: Network) -> None:
    lines = overview(network).lines
    assert [line.row.name for line in lines] == [op.name for op in network.ops]
    where = {line.row.kind: line.where for line in lines}
    assert where["Threshold"] == REQUANTISER
    assert where["Flatten"] == ADDRESSES
    assert where["Linear"] == "engine: int8_dsp"
    assert "engine: apot_shift" in {line.where for line in lines if line.row.kind == "Conv2d"}
    assert {line.where for line in lines if line.row.kind in ("Add", "MaxPool2d", "SumPool2d")} == {LANES}


def test_the_document_has_types_and_multiplications(network: Network) -> None:
    document = api.show(APOT).as_json()
    first = document["layers"][0]
    assert document["macs"] == sum(layer["macs"] for layer in document["layers"]) > 0
    assert first["type"]["signed"] and first["type"]["scale"] == float(
        network.result(network.ops[0]).type.scale
    )
    assert first["weight_bits"] == 8
    assert document["obstacle"] is None


def test_a_network_that_no_engine_executes_says_why(network: Network) -> None:
    conv = network.ops[0]
    wide = replace(conv, weight=conv.weight * 1000)  # type: ignore[call-arg]
    seen = overview(replace(network, ops=(wide, *network.ops[1:])))
    assert "expected weights and activations that one of apot_shift" in seen.obstacle
    assert {line.where for line in seen.lines} == {NOWHERE}
