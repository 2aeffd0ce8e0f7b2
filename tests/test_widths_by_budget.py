"""From a run's float network and a budget to a recipe that trains and computes exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import nn

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.errors import UserError
from twofold.golden.codes import quantise
from twofold.golden.execute import execute
from twofold.models.catalogue import drawn
from twofold.network.graph import Network
from twofold.plan.program import Program
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.rtl.primitives.family import Family
from twofold.train.recipe import Budget
from twofold.train.result import TrainResult
from twofold.train.run import train
from twofold.train.settings import Adam, Fit
from twofold.train.teacher import taught_by
from twofold.widths_by_budget import Cycles, FewerBops, Smaller, check_base, choose_widths, write_recipe

FIT = Fit(2, Adam(5e-3), batch=48)
BUDGET = Budget(FIT, FIT, FIT, FIT)


@pytest.fixture(scope="module")
def few_digits() -> Dataset:
    digits = load("digits")
    return Dataset("digits", *(part.take(slice(96)) for part in digits.parts))


@pytest.fixture(scope="module")
def run(few_digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    folder = tmp_path_factory.mktemp("float")
    return train("float", few_digits, folder, model=drawn("demo", 10, 1, 0), budget=BUDGET)


@pytest.fixture(scope="module")
def trained(run: TrainResult) -> nn.Module:
    return taught_by(run.folder, classes=10, channels=1)


def test_the_recipe_trains_to_what_was_promised(
    run: TrainResult, trained: nn.Module, few_digits: Dataset, tmp_path: Path
) -> None:
    choice = choose_widths(trained, few_digits, FewerBops(30), images=32)
    assert choice.times_fewer_bops >= 30 and len(set(choice.widths.values())) > 1
    path = tmp_path / "mixed.toml"
    write_recipe(choice, "int8", path, ("for a test",))
    assert path.read_text().startswith('# for a test\nbase = "int8"\n\n[quantisation.layers]\nconv1 = ')
    model = drawn("demo", 10, 1, 0)
    mixed = train(str(path), few_digits, tmp_path / "run", model=model, budget=BUDGET, start=run.folder)
    assert mixed.bops_ratio == pytest.approx(choice.times_fewer_bops)
    assert mixed.size_ratio == pytest.approx(choice.times_smaller)
    network, images = import_model(mixed.onnx), few_digits.test.real.numpy()
    found = execute(network, quantise(images, network.input.type))
    for name, expected in run_frozen(mixed.frozen, images).items():
        assert np.array_equal(found[name], expected), name


def test_a_size_narrows_weights_alone(trained: nn.Module, few_digits: Dataset) -> None:
    choice = choose_widths(trained, few_digits, Smaller(6), images=32)
    assert choice.times_smaller >= 6
    assert {width for name, width in choice.widths.items() if name.endswith("_act")} == {8}


def test_cycles_are_those_of_the_fastest_engine_that_fits(
    trained: nn.Module, few_digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_engine(network: Network, family: Family, device: object) -> tuple[Program, ...]:
        return (plan(network, propose(network, 8, family=family)),)

    monkeypatch.setattr("twofold.widths_by_budget.engines", one_engine)
    choice = choose_widths(trained, few_digits, Cycles(1_000_000, "pynq-z2"), least=7, images=16)
    assert choice.cycles is not None and set(choice.widths.values()) == {8}, "nothing need be narrower"


def test_what_cannot_be_met_is_an_error(trained: nn.Module, few_digits: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"8.00 times smaller is the most$"):
        choose_widths(trained, few_digits, Smaller(9), least=4, images=16)
    with pytest.raises(UserError, match="least: expected 2 to 7 bits, got 8"):
        choose_widths(trained, few_digits, Smaller(5), least=8)
    choice = choose_widths(trained, few_digits, Smaller(4), least=7, images=16)
    with pytest.raises(UserError, match=r"base: expected a recipe by name.*got apot"):
        write_recipe(choice, "apot", tmp_path / "mixed.toml")


def test_a_file_is_no_base_as_no_recipe_may_have_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "int8"\n')
    with pytest.raises(UserError, match=r"base: expected a recipe by name.*mine.toml"):
        check_base(str(path))
    check_base("int8")
