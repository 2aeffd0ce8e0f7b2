from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from twofold.network.types import IntType
from twofold.qonnx.importer.load import import_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A layer of quantised weights that reads the float input."""
    names = ("scale", "zero", "bits")
    numbers = {"weight.float": np.ones((4, 2)), **dict(zip(names, (1.0, 0.0, 4.0), strict=True))}
    quant = onnx.helper.make_node(
        "Quant", ["weight.float", *names], ["weight"], domain="qonnx.custom_op.general", signed=1, narrow=0
    )
    graph = onnx.helper.make_graph(
        [quant, onnx.helper.make_node("MatMul", ["x", "weight"], ["y"])],
        "layer",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 2])],
        [
            onnx.numpy_helper.from_array(np.asarray(value, np.float32), name)
            for name, value in numbers.items()
        ],
    )
    path = tmp_path / "float.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)]), path)
    return path


def test_the_model_is_written_with_the_type(run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "typed.onnx"
    result = run("declare", str(model), "--input", "INT4", "--out", str(out), "--json")
    document = json.loads(result.stdout)
    assert (document["model"], document["input"]) == (str(out), "INT4")
    assert import_model(out).input.type == IntType(True, 4)
    assert run("declare", str(model), "--input", "INT4", "--out", str(out)).stdout == f"wrote {out}\n"


def test_another_type_is_one_line(run, model: Path, tmp_path: Path) -> None:
    result = run("declare", str(model), "--input", "FLOAT32", "--out", str(tmp_path / "typed.onnx"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: input type: expected BIPOLAR")
    assert not (tmp_path / "typed.onnx").exists()
