"""A data set and a network that train in a second."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.models.demo import DemoNet
from twofold.train.recipe import Budget
from twofold.train.settings import Adam, Fit


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Images this small train slower on two threads, above all beside other tests."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def few_digits() -> Dataset:
    digits = load("digits")
    train, validation, test = (
        part.take(slice(0, count)) for part, count in zip(digits.parts, (96, 32, 32), strict=True)
    )
    return Dataset("digits", train, validation, test)


@pytest.fixture
def tiny_network() -> DemoNet:
    torch.manual_seed(0)
    return DemoNet(widths=(4, 6))


@pytest.fixture(scope="module")
def network() -> DemoNet:
    """One for all tests of a module, which do not change it."""
    torch.manual_seed(0)
    return DemoNet(widths=(6, 10))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests of a module: what it holds when a second call begins."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="session")
def short_budget() -> Budget:
    fit = Fit(2, Adam(5e-3), batch=48)
    return Budget(fit, Fit(1, Adam(1e-3), batch=48), fit, fit)
