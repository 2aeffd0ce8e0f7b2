"""Runs that are killed with SIGKILL at any moment and resumed."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

from twofold.train.checkpoint import Checkpoint
from twofold.train.result import checkpoint_path

KILLS = 10
#: Children are forked from a server that has imported this, so that a start takes no seconds.
PRELOADED = ["twofold.train.run", "twofold.data.load", "twofold.models.demo"]
RUN = """
import torch
from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.models.demo import DemoNet
from twofold.train.recipe import Budget
from twofold.train.run import train
from twofold.train.settings import Adam, Fit, Sgd

torch.set_num_threads(1)
few = Dataset("digits", *(part.take(slice(96)) for part in load("digits").parts))
torch.manual_seed(0)
network = DemoNet(widths=(4, 6))
momentum, adam = Fit(8, Sgd(0.05), batch=32), Fit(3, Adam(1e-3), batch=32)
train(recipe, few, folder, 0, model=network, budget=Budget(momentum, adam, adam, adam))
"""


def start(recipe: str, folder: Path) -> BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=exec, args=(RUN, {"recipe": recipe, "folder": folder}))
    process.start()
    return process


def finish(recipe: str, folder: Path) -> float:
    """Runs to the end; the seconds that it took."""
    begun, process = time.monotonic(), start(recipe, folder)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def warm_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    finish("apot", tmp_path_factory.mktemp("warming"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    finished = Checkpoint.read(checkpoint_path(folder)).finished
    return {f"{stage}.{name}": value for stage, model in finished.items() for name, value in model.items()}


def assert_same(found: Path, whole: Path) -> None:
    expected, weights_found = weights(whole), weights(found)
    assert set(expected) == set(weights_found)
    assert all(torch.equal(expected[name], weights_found[name]) for name in expected)
    assert (found / "model.onnx").read_bytes() == (whole / "model.onnx").read_bytes()
    assert {path.name for path in found.iterdir()} == {path.name for path in whole.iterdir()}


@pytest.mark.parametrize("recipe", ["apot", "spq"])
def test_weights_are_the_same_to_the_bit(recipe: str, warm_server: None, tmp_path: Path) -> None:
    """A run that ends before its moment is compared too, and the next one is killed instead."""
    whole, runs = tmp_path / "whole", iter(tmp_path / f"killed {number}" for number in range(10 * KILLS))
    seconds, moments = finish(recipe, whole), random.Random(0)
    killed, folder = 0, next(runs)
    while killed < KILLS:
        process = start(recipe, folder)
        process.join(moments.uniform(0.05, 0.35) * seconds)
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            killed += 1
            continue
        assert process.exitcode == 0
        assert_same(folder, whole)
        folder = next(runs)
    finish(recipe, folder)
    assert_same(folder, whole)
