"""What a run writes besides its result: plots and TensorBoard's log, through kills."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from twofold.data.dataset import Dataset, Images
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.train.journal import History, Journals, disk_errors_told
from twofold.train.pictures import Pictures, confusion
from twofold.train.recipe import Budget
from twofold.train.run import train
from twofold.train.settings import Adam, Fit
from twofold.train.tensorboard import TensorBoard

PLOTS = ("confusion.svg", "curves.svg", "weights.svg")
STAGES = ("float", "quantised", "folded")


class Killer:
    """Kills the run, as Ctrl-C does, after some epochs: written, but not yet in the checkpoint."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def epoch(self, history: History) -> None:
        self.patience -= 1
        if not self.patience:
            raise KeyboardInterrupt

    def stage(self, history: History, network: nn.Module, validation: Images) -> None: ...


@pytest.fixture(scope="module")
def budget() -> Budget:
    fit = Fit(2, Adam(5e-3), batch=48)
    return Budget(fit, fit, fit, Fit(1, Adam(1e-3), batch=48))


def scalars(folder: Path) -> dict[str, list[int]]:
    """Tag → steps."""
    log = EventAccumulator(str(folder))
    log.Reload()
    return {tag: [event.step for event in log.Scalars(tag)] for tag in log.Tags()["scalars"]}


def test_a_killed_run_goes_on_in_the_same_log_and_plots(
    few_digits: Dataset, tiny_network: DemoNet, budget: Budget, tmp_path: Path
) -> None:
    def run(*more: Killer) -> None:
        journal = Journals(Pictures(tmp_path / "plots"), TensorBoard(tmp_path / "log"), *more)
        train("int8", few_digits, tmp_path, model=tiny_network, budget=budget, journal=journal)

    with pytest.raises(KeyboardInterrupt):
        run(Killer(4))
    run()
    steps = {"float": [0, 1], "quantised": [2, 3], "folded": [4]}
    names = ("loss", "validation", "learning_rate", "seconds")
    assert scalars(tmp_path / "log") == {
        f"{name}/{stage}": steps[stage] for name in names for stage in STAGES
    }
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == list(PLOTS)
    curves = (tmp_path / "plots" / "curves.svg").read_text()
    assert all(f">{stage}<" in curves for stage in STAGES)
    assert "folded: " in (tmp_path / "plots" / "confusion.svg").read_text()
    weights = (tmp_path / "plots" / "weights.svg").read_text()
    assert all(f">{layer}<" in weights for layer in ("conv1", "conv2", "fc"))
    for name in PLOTS:
        ElementTree.parse(tmp_path / "plots" / name)


def test_a_finished_run_is_drawn_too(
    few_digits: Dataset, tiny_network: DemoNet, budget: Budget, tmp_path: Path
) -> None:
    train("float", few_digits, tmp_path, model=tiny_network, budget=budget)
    again = Pictures(tmp_path / "plots")
    train("float", few_digits, tmp_path, model=tiny_network, budget=budget, journal=again)
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["confusion.svg", "curves.svg"]


def history(*losses: float) -> Mapping[str, Sequence[Mapping[str, float]]]:
    return {"float": [{"loss": loss, "validation": 10.0} for loss in losses]}


def test_curves_are_not_drawn_every_epoch(tmp_path: Path) -> None:
    now = 0.0
    pictures, curves = Pictures(tmp_path, patience=60, clock=lambda: now), tmp_path / "curves.svg"
    for now, drawn in ((59.0, False), (61.0, True)):  # noqa: B007
        pictures.epoch(history(2.0, 1.0))
        assert curves.is_file() is drawn
    first = curves.read_bytes()
    for now, same in ((100.0, True), (122.0, False)):  # noqa: B007
        pictures.epoch(history(2.0, 1.0, 0.5))
        assert (curves.read_bytes() == first) is same


def test_the_log_of_an_earlier_run_is_filled_in(tmp_path: Path) -> None:
    TensorBoard(tmp_path).epoch(history(2.0, 1.0, 0.5))
    assert scalars(tmp_path)["loss/float"] == [0, 1, 2]


def test_confusions_are_counted_by_label_and_answer() -> None:
    logits = torch.eye(3)[[0, 1, 1, 2]]
    assert confusion(logits, torch.tensor([0, 1, 2, 2])).tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize(
    ("file", "told"),
    [("plots/curves.svg/mine", "the name of a file to write, found a folder"), ("plots", "found a file")],
)
def test_a_plot_that_cannot_be_written_is_told(
    few_digits: Dataset, tiny_network: DemoNet, budget: Budget, tmp_path: Path, file: str, told: str
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("a file where a folder should be, or in a folder where a file should be")
    journal = Pictures(tmp_path / "plots")
    with pytest.raises(UserError, match=told):
        train("float", few_digits, tmp_path, model=tiny_network, budget=budget, journal=journal)


def test_what_the_disk_refuses_is_told() -> None:
    told = "cannot write a log or plot of the training: .*No space left on device; free space"
    with pytest.raises(UserError, match=told), disk_errors_told():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_missing_package_is_told_before_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UserError, match=r"expected the package tensorboard.*pip install"):
        TensorBoard(tmp_path)
