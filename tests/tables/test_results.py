"""The results file: what goes in comes out, and nothing else is accepted."""

from __future__ import annotations

import json
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from twofold.errors import UserError
from twofold.tables import results
from twofold.tables.results import RESULTS, Result, append, read, shipped

ROW = Result(
    "resnet8", "int8", "cifar10", "twofold train int8", 0, 40, 17.5, 8000, {"accuracy": 86.25, "macs": 12}
)


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    rows = [replace(ROW, seed=seed) for seed in range(3)]
    for row in rows:
        append(row, path)
    assert read(path) == tuple(rows)


def test_a_run_that_is_repeated_has_one_row(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    longer, other = replace(ROW, epochs=80), replace(ROW, command="twofold train ppq")
    for row in (ROW, other, longer):
        append(row, path)
    assert read(path) == (other, longer)


def test_another_copy_of_the_data_has_a_row_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    original = replace(ROW, samples=10_000)
    for row in (ROW, original):
        append(row, path)
    assert read(path) == (ROW, original)


def test_no_file_is_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path / "results.json") == ()


def test_the_project_s_own_file_is_whole() -> None:
    project = Path(__file__).parents[2]
    assert (project / RESULTS).is_file()
    for row in read(project / RESULTS):
        assert row.samples > 0 and 0 < row.figures["accuracy"] <= 100


def test_wheels_bring_the_rows_along() -> None:
    project = Path(__file__).parents[2]
    packed = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    inside = packed["force-include"][str(RESULTS)]
    assert "software" / Path(inside) == Path(results.__file__).with_name("results.json").relative_to(project)
    assert shipped() == project / RESULTS


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda seed: append(replace(ROW, seed=seed), path), range(24)))
    assert sorted(row.seed for row in read(path)) == list(range(24))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"seed": "0"}, r"result 1: seed: expected int, found '0'"),
        ({"epochs": True}, r"result 1: epochs: expected int, found True"),
        ({"minutes": None}, r"result 1: minutes: expected int or float, found None"),
        ({"figures": {"accuracy": "86"}}, r"result 1: figures: accuracy: expected a number, found '86'"),
        ({"figures": {"macs": 1}}, r"result 1: figures: expected accuracy among them, found none"),
        ({"colour": 1}, r"result 1: expected the fields network, .*, found colour, "),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps([asdict(ROW) | change]))
    with pytest.raises(UserError, match=message):
        read(path)


@pytest.mark.parametrize("content, message", [("{}", "expected a list"), ("[1]", "found int"), ("[", "JSON")])
def test_a_damaged_file_is_refused_and_kept(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        append(ROW, path)
    assert path.read_text() == content


def test_a_row_without_accuracy_is_not_added(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(UserError, match="expected accuracy among them"):
        append(replace(ROW, figures={}), path)
    assert not path.exists()
