"""Where layers run, by the engine that is proposed for the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold import api
from twofold.network.digest import digest
from twofold.overview import ADDRESSES, LANES, NOWHERE, REQUANTISER, overview
from twofold.qonnx.importer.load import Imported

APOT = Path(__file__).parent / "assets" / "apot" / "model.onnx"


@pytest.fixture(scope="module")
def imported() -> Imported:
    return api.import_file(APOT)


def test_each_op_has_its_place(imported: Imported) -> None:
    lines = overview(imported).lines
    assert [line.row.name for line in lines] == [op.name for op in imported.network.ops]
    where = {line.row.kind: line.where for line in lines}
    assert where["Threshold"] == REQUANTISER
    assert where["Flatten"] == ADDRESSES
    assert where["Linear"] == "engine: int8_dsp"
    assert "engine: apot_shift" in {line.where for line in lines if line.row.kind == "Conv2d"}
    assert {line.where for line in lines if line.row.kind in ("Add", "MaxPool2d", "SumPool2d")} == {LANES}


def test_the_document_has_types_and_multiplications(imported: Imported) -> None:
    document, network = api.show(APOT).as_json(), imported.network
    first = document["layers"][0]
    assert document["macs"] == sum(layer["macs"] for layer in document["layers"]) > 0
    assert first["type"]["signed"] and first["type"]["scale"] == float(
        network.result(network.ops[0]).type.scale
    )
    assert first["weight_bits"] == 8
    assert document["digest"] == digest(network)
    assert document["obstacle"] is None
    assert (document["host"]["after"], document["errors"]) == ([], {})


def test_a_network_that_no_engine_executes_says_why(imported: Imported) -> None:
    network = imported.network
    conv = network.ops[0]
    wide = replace(conv, weight=conv.weight * 1000)  # type: ignore[call-arg]
    seen = overview(replace(imported, network=replace(network, ops=(wide, *network.ops[1:]))))
    assert "expected weights and activations that one of apot_shift" in seen.obstacle
    assert {line.where for line in seen.lines} == {NOWHERE}
