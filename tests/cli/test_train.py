from __future__ import annotations

import json
from pathlib import Path

ACCURACY = {"float": 98.61, "quantised": 97.22}


def test_the_accuracies_are_told(run, answer) -> None:
    calls = answer("train", ACCURACY)
    result = run("train", "apot", "--data", "mnist", "--data-folder", "data", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert calls[0][:5] == ("apot", "mnist", Path("data"), 3, Path("build/train/apot"))
    assert "accuracy float 98.6%, quantised 97.2%" in result.stdout


def test_the_folder_can_be_chosen(run, answer) -> None:
    answer("train", ACCURACY)
    result = run("train", "int8", "--out", "mine", "--json")
    assert json.loads(result.stdout) == {"folder": "mine", "accuracy": ACCURACY}


def test_an_unknown_recipe_is_refused(run) -> None:
    assert run("train", "fp4").exit_code == 2
