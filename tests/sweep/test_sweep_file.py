from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.sweep.sweep_file import Sweep, read_sweep, sweep_named, sweep_names, sweep_path

Written = Callable[[str], Path]


def test_what_is_not_said_has_its_default(twelve: Sweep) -> None:
    assert (twelve.name, twelve.network, twelve.data) == ("mine", "demo", "digits")
    assert twelve.objectives == ("accuracy", "size")
    assert twelve.budget is twelve.start is twelve.teacher is None
    assert [point.base for point in twelve.by_hand] == ["int8"]


def test_the_number_of_trials_may_be_given_and_does_not_make_another_sweep(
    written: Written, text: str
) -> None:
    path = written(text)
    assert sweep_named(str(path), 5).trials == 5
    assert sweep_named(str(path), 5).identity == read_sweep(path).identity


@pytest.mark.parametrize("name", sweep_names())
def test_the_sweeps_that_come_with_the_project_are_read(name: str) -> None:
    sweep = sweep_named(name)
    assert sweep.name == name
    assert sweep.trials >= 24
    assert sweep_path(name).is_file()


def test_spaces_of_one_recipe_are_numbered(written: Written, text: str) -> None:
    sweep = read_sweep(written(text + '\n[[space]]\nbase = "apot"\n'))
    assert sweep.space.labels == ("apot", "apot-2")


@pytest.mark.parametrize(
    "change, message",
    [
        (("trials = 12", ""), "trials: expected, not found"),
        (("trials = 12", "trials = 0"), "trials: expected at least 1, and 1 for the recipes, got 0"),
        (("trials = 12", "trials = 14"), "trials: expected at most 13, as many as there are points"),
        (("trials = 12", "trials = true"), "trials: expected a whole number, got True"),
        (("trials = 12", "trials = 9\nrounds = 3"), "rounds: unknown; expected one of network, data"),
        (("trials = 12", 'trials = 9\nnetwork = "lenet"'), "network: expected one of demo"),
        (("trials = 12", 'trials = 9\nobjectives = ["speed"]'), "objectives: expected one of accuracy"),
        (("trials = 12", "trials = 9\nobjectives = []"), "objectives: expected at least one"),
        (('["int8"]', '"int8"'), "recipes: expected a list of words, got 'int8'"),
        (('["int8"]', '["int9"]'), "base: expected one of apot"),
        (('["int8"]', '["apot", "apot"]'), "recipes: expected recipes that differ, got apot, apot"),
        (("[[space]]", "[space]"), "space: expected tables"),
        (('base = "apot"', ""), r"\[\[space\]\] base: expected, not found"),
        (("[[space]]", '[budget]\nboard = "pynq-z9"\n[[space]]'), r"\[budget\] board 'pynq-z9': expected"),
        (("[[space]]", "[budget]\nfps = 3\n[[space]]"), r"\[budget\] fps: unknown"),
        (
            ("[[space]]", '[budget]\nboard = "pynq-z2"\nframes_per_second = 0\n[[space]]'),
            r"\[budget\] frames_per_second: expected more than 0, got 0",
        ),
    ],
)
def test_each_key_is_checked(written: Written, text: str, change: tuple[str, str], message: str) -> None:
    path = written(text.replace(*change))
    with pytest.raises(UserError, match=message) as error:
        read_sweep(path)
    assert str(error.value).startswith(f"{path}: ")


def test_the_file_of_an_own_network_is_part_of_the_sweep(written: Written, text: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("from torch import nn\nnet = nn.Flatten()\n")
    sweep = read_sweep(written(text.replace("trials = 12", f'trials = 9\nnetwork = "{mine}:net"')))
    before = sweep.identity
    assert sweep.network == f"{mine}:net"
    assert sweep.identity == before
    mine.write_text("from torch import nn\nnet = nn.Identity()\n")
    assert sweep.identity != before
    mine.unlink()
    with pytest.raises(UserError, match=r"mine\.py: expected a Python file with a network, found none"):
        assert sweep.identity


def test_another_name_is_refused() -> None:
    with pytest.raises(UserError, match=r"sweep: expected one of digits or a \.toml file, got 'mine'"):
        sweep_named("mine")
