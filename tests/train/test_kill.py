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
train("apot", few, folder, 0, model=network, budget=Budget(momentum, adam, adam, adam))
"""


def start(folder: Path) -> BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=exec, args=(RUN, {"folder": folder}))
    process.start()
    return process


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Its folder and how many seconds it took once the server was warm."""
    for name in ("warming", "unkilled"):
        folder, begun = tmp_path_factory.mktemp(name), time.monotonic()
        process = start(folder)
        process.join()
        assert process.exitcode == 0
    return folder, time.monotonic() - begun


def weights(folder: Path) -> dict[str, torch.Tensor]:
    finished = Checkpoint.read(checkpoint_path(folder)).finished
    return {f"{stage}.{name}": value for stage, model in finished.items() for name, value in model.items()}


def test_weights_are_the_same_to_the_bit(unkilled: tuple[Path, float], tmp_path: Path) -> None:
    whole, seconds = unkilled
    moments, killed = random.Random(0), 0
    for _ in range(KILLS):
        process = start(tmp_path)
        process.join(moments.uniform(0.05, 0.35) * seconds)
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    assert killed >= 2
    last = start(tmp_path)
    last.join()
    assert last.exitcode == 0
    expected, found = weights(whole), weights(tmp_path)
    assert set(expected) == set(found)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert (tmp_path / "model.onnx").read_bytes() == (whole / "model.onnx").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in whole.iterdir()}
