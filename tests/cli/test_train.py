from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from twofold import record
from twofold.cli.choices import Network
from twofold.errors import UserError
from twofold.models.catalogue import NAMES
from twofold.tables.results import Result, read
from twofold.train import run as training
from twofold.train.journal import Journals
from twofold.train.pictures import Pictures
from twofold.train.recipe import Budget
from twofold.train.result import Accuracy, Metrics
from twofold.train.settings import Adam


@pytest.fixture
def journals() -> list[object]:
    """What each call was told to write to."""
    return []


@pytest.fixture
def budgets() -> list[tuple[Budget | None, str]]:
    """Each call's budget, and what repeats the run."""
    return []


@pytest.fixture
def calls(
    monkeypatch: pytest.MonkeyPatch, journals: list[object], budgets: list[tuple[Budget | None, str]]
) -> list[tuple[Any, ...]]:
    """What `train` is called with; it answers at once."""
    calls: list[tuple[Any, ...]] = []

    def stand_in(
        recipe: str,
        dataset: Any,
        folder: Path,
        seed: int,
        progress: object,
        model: nn.Module,
        budget: Budget | None,
        start: Path | None,
        journal: object,
        teacher: Path | None,
        command: str,
    ) -> SimpleNamespace:
        assert command.startswith(f"twofold train {recipe} --network ")
        journals.append(journal)
        calls.append((recipe, type(model).__name__, dataset.name, folder, seed, start))
        budgets.append((budget, command))
        accuracy = Accuracy(98.61, None, 97.22)
        metrics = Metrics(recipe, dataset.name, seed, accuracy, 15.84, 100, 112.4, seed, {"fc": {1: 7}})
        return SimpleNamespace(
            folder=folder,
            onnx=folder / "model.onnx",
            metrics=metrics,
            accuracy=accuracy,
            size_ratio=15.84,
            integer=object(),
        )

    monkeypatch.setattr(training, "train", stand_in)
    return calls


def test_the_accuracies_are_told(run, calls: list[tuple[Any, ...]]) -> None:
    result = run("train", "apot", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert calls == [("apot", "DemoNet", "digits", Path("build/train/apot"), 3, None)]
    assert "wrote build/train/apot/model.onnx" in result.stdout
    assert "accuracy: float 98.6%, quantised 97.2%; 15.8× smaller than float32" in result.stdout


def test_the_same_as_json(run, calls: list[tuple[Any, ...]]) -> None:
    document = json.loads(run("train", "int8", "--out", "mine", "--json").stdout)
    assert calls == [("int8", "DemoNet", "digits", Path("mine"), 0, None)]
    assert document["folder"] == "mine"
    assert document["accuracy"] == {"float": 98.61, "quantised": 97.22}
    assert document["model"] == "mine/model.onnx" and document["macs"] == 100
    assert "weight_histograms" not in document, "metrics.json has them"


def test_the_help_says_where_files_go(run) -> None:
    told = " ".join(run("train", "--help").stdout.replace("│", " ").split())
    assert "build/train/RECIPE" in told and "build/train/NETWORK_RECIPE" in told


def test_a_network_by_name_has_a_folder_of_its_own(
    run, finished_run: str, calls: list[tuple[Any, ...]]
) -> None:
    document = json.loads(
        run("train", "my/ppq.toml", "--network", "resnet8", "--start", finished_run, "--json").stdout
    )
    folder = Path("build/train/resnet8_ppq")
    assert calls == [("my/ppq.toml", "ResNet", "digits", folder, 0, Path(finished_run))]
    assert document["network"] == "resnet8"


def test_a_row_is_added_for_what_was_trained(
    run, calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stand_in(trained: Any, network: str, dataset: Any, command: str, progress: object) -> Result:
        return Result(network, "spq", dataset.name, command, 0, 3, 0.5, 360, {"accuracy": 97.0})

    monkeypatch.setattr(record, "result_of", stand_in)
    path = tmp_path / "results.json"
    assert run("train", "spq", "--network", "resnet20", "--results", str(path)).exit_code == 0
    (row,) = read(path)
    assert row.command == "twofold train spq --network resnet20 --data digits --seed 0"
    assert row.network == "resnet20"


def test_plots_are_drawn_and_a_log_is_written_on_demand(
    run, calls: list[tuple[Any, ...]], journals: list[object]
) -> None:
    assert run("train", "apot", "--out", "mine").exit_code == 0
    assert run("train", "apot", "--out", "mine", "--tensorboard").exit_code == 0
    plain, logged = journals
    assert isinstance(plain, Pictures)
    assert isinstance(logged, Journals)
    assert [part.folder for part in logged.parts] == [Path("mine/plots"), Path("mine/tensorboard")]


def test_epochs_are_those_of_each_stage_and_noted(
    run, calls: list[tuple[Any, ...]], budgets: list[tuple[Budget | None, str]]
) -> None:
    assert run("train", "int8", "--epochs", "3").exit_code == run("train", "int8").exit_code == 0
    (given, command), (usual, _) = budgets
    assert given is not None and usual is None
    assert {fit.epochs for fit in (given.float_, given.pruned, given.quantised, given.folded)} == {3}
    assert given.float_.optimiser == Adam(5e-3)
    assert command == "twofold train int8 --network demo --data digits --seed 0 --epochs 3"
    assert run("train", "int8", "--epochs", "0").exit_code == 2


def test_an_unknown_network_is_refused(run, calls: list[tuple[Any, ...]]) -> None:
    assert run("train", "apot", "--network", "resnet9").exit_code == 2
    assert not calls


def test_the_networks_are_those_of_the_catalogue() -> None:
    assert tuple(Network) == NAMES


def test_a_data_set_without_its_folder_is_one_line(run, calls: list[tuple[Any, ...]]) -> None:
    result = run("train", "apot", "--data", "mnist")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: mnist: expected a folder with its files")
    assert not calls


def test_an_unknown_recipe_is_refused(run) -> None:
    assert run("train", "fp4").exit_code == 2


def test_a_run_keeps_the_parts_of_the_data_that_it_starts_from(
    run, finished_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[tuple[int, int]] = []

    def stand_in(recipe: str, dataset: Any, folder: Path, seed: int, *_: object, **__: object) -> None:
        seeds.append((dataset.split_seed, seed))
        raise UserError("enough")

    monkeypatch.setattr(training, "train", stand_in)
    run("train", "int8", "--seed", "7", "--start", finished_run)
    run("train", "int8", "--seed", "7")
    assert seeds == [(5, 7), (7, 7)]


def test_of_several_processes_the_first_one_tells(
    run, calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    result = run("train", "apot")
    assert result.exit_code == 0 and not result.stdout
    monkeypatch.setenv("RANK", "0")
    assert "accuracy: float" in run("train", "apot").stdout
