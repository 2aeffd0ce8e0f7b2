from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def report(status: str) -> dict[str, Any]:
    unknown = {"predicted": None, "simulated": None}
    model = {
        "accuracy": {"float": 98.6, "quantised": 97.2},
        "size_ratio": 15.8,
        "bops_ratio": 112.4,
        "macs": 1,
        "cycles_per_frame": unknown,
        "layers": [],
        "weight_histogram": {},
    }
    check = {"model": "apot", "reference": "golden", "candidate": "rtl", "status": status}
    return {
        "schema": 1,
        "provenance": {"commit": "0", "seed": 0, "command": "", "samples": {}, "versions": {}, "not_run": []},
        "models": {"apot": model},
        "checks": [check | {"frames": 32, "elements": 100, "mismatches": 0}],
    }


@pytest.mark.parametrize(("status", "code"), [("pass", 0), ("fail", 1), ("not run", 1)])
def test_it_ends_with_the_table_and_the_report(run, answer, tmp_path: Path, status: str, code: int) -> None:
    calls = answer("demo", report(status))
    result = run("demo", "--out", str(tmp_path), "--seed", "3")
    assert result.exit_code == code
    assert calls[0][:2] == (tmp_path, 3)
    assert "apot: 15.8× smaller" in result.stdout
    assert result.stdout.splitlines()[-1] == f"report: {tmp_path / 'report.html'}"


def test_the_report_as_json(run, answer) -> None:
    answer("demo", report("pass"))
    assert json.loads(run("demo", "--json").stdout) == report("pass")
