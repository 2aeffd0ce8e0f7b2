from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from twofold.golden.compare import Check, Status
from twofold.sweep.objective import Figures, Objective
from twofold.sweep.outcome import Failure, Outcome, Row
from twofold.sweep.run import Swept

OBJECTIVES = (Objective.ACCURACY, Objective.CYCLES)
PASSED = Check("model", "golden", "qonnx", Status.PASS, 32, 4096, 0, ("out",))


def row(slot: int, accuracy: float, cycles: int, by_hand: bool = False) -> Row:
    figures = Figures(accuracy, accuracy - 1, 7.5, 64.0, 1000, cycles, "1 × 8 lanes", 16_000.0)
    parameters = {} if by_hand else {"pruning.ratio": 0.3}
    values = (accuracy, float(cycles))
    return Row(
        slot, slot, "here:1", f"k{slot}", "apot", by_hand, parameters, values, figures, True, Path("run")
    )


SWEPT = Swept(
    Outcome(
        OBJECTIVES,
        (
            row(0, 97.0, 900, by_hand=True),
            row(1, 98.0, 800),
            replace(row(3, 99.0, 100), feasible=False, reason="op 3: too many thresholds"),
        ),
        (Failure(2, "diverged"),),
        1,
    ),
    Path("out/best/model.onnx"),
    Path("out/best/apot-k1.toml"),
    Path("out/pareto.svg"),
)


def test_the_front_and_where_the_recipes_stand_are_told(run: Any, answer: Any) -> None:
    calls = answer("sweep", (SWEPT, [PASSED]))
    result = run("sweep", "digits", "--workers", "2", "--storage", "journal:log", "--trials", "30")
    assert result.exit_code == 0, result.output
    assert calls == [("digits", Path("build/sweep/digits"), 0, None, "journal:log", 2, 30, None, ANY)]
    assert "98.00%" in result.stdout and "pruning.ratio 0.3" in result.stdout and "16,000" in result.stdout
    assert "apot by hand: dominated by apot-k1" in result.stdout
    assert "trial 3: no result: diverged" in result.stdout
    assert "trial 4: no engine: op 3: too many thresholds" in result.stdout
    assert "3 trials, 1 without a result, 1 beyond the budget; 1 were interrupted" in result.stdout


def test_the_same_as_json(run: Any, answer: Any) -> None:
    answer("sweep", (SWEPT, [PASSED]))
    document = json.loads(run("sweep", "mine.toml", "--json").stdout)
    assert (document["status"], document["best"], document["front"]) == ("pass", 1, [1])
    assert document["model"] == "out/best/model.onnx"
    assert document["by_hand"] == {"apot": {"on_front": False, "dominated_by": 1}}


def test_a_model_that_differs_is_an_error(run: Any, answer: Any) -> None:
    answer("sweep", (SWEPT, [replace(PASSED, status=Status.FAIL, mismatches=1)]))
    assert run("sweep", "digits").exit_code == 1


@pytest.mark.parametrize("file", ["unknown", "missing.toml"])
def test_a_file_that_is_none_is_one_line(run: Any, file: str) -> None:
    result = run("sweep", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")


def test_a_cluster_needs_a_storage_that_all_reach(run: Any) -> None:
    result = run("sweep", "digits", "--ray", "auto")
    assert result.exit_code == 2
    assert "error: --ray: expected --storage with one that all machines reach, got none" in result.stderr
