from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.golden.compare import Check, Deviation, Status

PASSED = Check("apot", "golden", "qonnx", Status.PASS, 32, 1000, 0)


def test_checks_that_pass(run, answer) -> None:
    calls = answer("verify", [PASSED])
    words = "verify m.onnx --against golden qonnx hls rtl --frames 7 --seed 3"
    result = run(*words.split())
    assert result.exit_code == 0, result.output
    assert calls[0][:4] == (Path("m.onnx"), ["golden", "qonnx", "hls", "rtl"], 7, 3)
    assert "✓ pass" in result.stdout
    assert "The check passes: 1,000 integers compared, none differs" in result.stdout


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (
            Check("m", "golden", "rtl", Status.FAIL, 32, 1000, 2, (), "conv1[0]: expected 1, found 2"),
            "✗ fail",
        ),
        (Check.not_run("m", "golden", "rtl", "no g++"), "○ not run"),
    ],
)
def test_a_check_that_fails_or_did_not_run_is_exit_code_1(run, answer, check: Check, words: str) -> None:
    answer("verify", [PASSED, check])
    result = run("verify", "m.onnx")
    assert result.exit_code == 1
    assert words in result.stdout
    assert check.detail in result.stdout


def test_a_row_for_each_layer_says_where_each_candidate_differs(run, answer) -> None:
    counts = {"conv1": 3, "logits": 1}
    answer(
        "verify",
        [
            Check("m", "golden", "hls", Status.PASS, 2, 40, 0, ("conv1", "conv1.act", "logits")),
            Check("m", "golden", "rtl", Status.FAIL, 2, 20, 4, ("conv1", "logits"), "conv1[0]: …", counts),
        ],
    )
    lines = [line.split() for line in run("verify", "m.onnx", "--layers").stdout.splitlines()]
    assert lines[1] == ["layer", "hls", "rtl"]
    assert ["conv1", "equal", "3", "differ"] in lines
    assert ["conv1.act", "equal", "–"] in lines
    assert ["logits", "equal", "1", "differ"] in lines


def test_layers_with_a_proven_bound_say_what_was_found(run, answer) -> None:
    deviations = {"act": Deviation(bound=1, differing=7, largest=1)}
    calls = answer(
        "verify", [Check("m", "golden", "qonnx", Status.PASS, 2, 40, 0, ("act",), deviations=deviations)]
    )
    result = run("verify", "m.onnx", "--layers", "--approximate")
    assert result.exit_code == 0
    assert calls[0][5] is True
    assert "7 differ, by up to 1, proven ±1" in result.stdout
    assert "40 integers compared, 7 differ, within proven bounds, layer by layer" in result.stdout


def test_the_layers_to_simulate_are_chosen_as_of_build(run, monkeypatch) -> None:
    from twofold import api

    asked = []
    monkeypatch.setattr(api, "verify", lambda *_, hls, **__: asked.append(hls) or [PASSED])
    assert run("verify", "m.onnx", "--io", "io_parallel", "--strategy", "latency").exit_code == 0
    assert asked == [api.HlsChoices(io="io_parallel", strategy="latency")]


def test_the_engine_to_simulate_is_chosen_as_of_build(run, monkeypatch) -> None:
    from twofold import api

    asked = []
    monkeypatch.setattr(api, "verify", lambda *_, **given: asked.append(given) or [PASSED])
    words = "verify m.onnx --against rtl --board kv260 --target-fps 2000"
    assert run(*words.split()).exit_code == 0
    assert (asked[0]["board"], asked[0]["target_fps"]) == ("kv260", 2000)


def test_no_check_at_all_is_no_success(run, answer) -> None:
    answer("verify", [])
    assert run("verify", "m.onnx").exit_code == 1


def test_json_is_all_that_stdout_gets(run, answer) -> None:
    answer("verify", [PASSED])
    document = json.loads(run("verify", "m.onnx", "--json").stdout)
    assert document["status"] == "pass"
    assert document["checks"][0]["elements"] == 1000


def test_a_bad_file_is_one_line(run, answer) -> None:
    answer("verify", UserError("m.onnx: no ONNX model"))
    result = run("verify", "m.onnx")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == "error: m.onnx: no ONNX model"
    assert "Traceback" not in result.stderr


def test_an_unknown_candidate_is_refused(run) -> None:
    result = run("verify", "m.onnx", "--against", "vhdl")
    assert result.exit_code == 2
    assert "vhdl" in result.stderr
