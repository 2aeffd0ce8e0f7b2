from __future__ import annotations

import json
from pathlib import Path

from twofold.errors import UserError
from twofold.overview import Overview, overview
from twofold.qonnx.importer.load import import_file

MODEL = Path(__file__).parents[1] / "assets" / "int8" / "model.onnx"


def seen() -> Overview:
    return overview(import_file(MODEL))


def test_a_table_of_layers(run, answer) -> None:
    calls = answer("show", seen())
    result = run("show", "m.onnx")
    assert result.exit_code == 0, result.output
    assert calls == [(Path("m.onnx"), False)]
    lines = result.stdout.splitlines()
    assert "MACs a frame" in lines[0]
    assert lines[1].startswith("on the host before: Quant ")
    assert lines[2] == "exact: every integer is the executor's, proven in its float32 arithmetic"
    assert lines[3].startswith("digest: ")
    assert {"layer", "weights", "MACs"} <= set(lines[5].split())
    assert sum("engine: int8_dsp" in line for line in lines) == 6


def test_the_same_as_json(run, answer) -> None:
    answer("show", seen())
    document = json.loads(run("show", "m.onnx", "--json").stdout)
    assert document == seen().as_json()


def test_a_bad_file_is_one_line(run, answer) -> None:
    answer("show", UserError("m.onnx: no ONNX model"))
    result = run("show", "m.onnx")
    assert (result.exit_code, result.stdout) == (2, "")
