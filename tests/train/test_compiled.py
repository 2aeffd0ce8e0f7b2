"""Compiled training: which batches, what happens without a compiler, and that it resumes to the same bits."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from twofold.data.dataset import Dataset, Images
from twofold.errors import UserError
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot
from twofold.train import compute
from twofold.train.compiled import Compiled
from twofold.train.compute import Compute
from twofold.train.loop import FitState, Surroundings, fit
from twofold.train.settings import Adam, Fit

BATCH = 16
COMPILED = Surroundings(Compute("cpu", torch.float32, compile=True))


def ignore(steps: int = 1, note: str = "") -> None:
    """An `Advance` that nobody watches."""


@pytest.fixture
def short_runs_compile(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(compute, "_BATCHES_THAT_PAY", 1)
    yield
    torch.compiler.reset()


@pytest.fixture(scope="module")
def coloured() -> Dataset:
    """Noise, 32×32; the last batch is not full."""
    draw = torch.Generator().manual_seed(0)
    parts = [
        Images(
            torch.randint(0, 256, (count, 3, 32, 32), generator=draw).to(torch.uint8),
            torch.arange(count) % 10,
            255,
        )
        for count in (2 * BATCH + 5, 10, 10)
    ]
    return Dataset("noise", *parts)


@pytest.fixture
def network() -> nn.Module:
    """Few layers: compiling is what takes the time."""
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 4, 3, 4), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.ReLU())
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))


def test_runs_killed_and_resumed_end_with_the_same_bits(
    coloured: Dataset, network: nn.Module, short_runs_compile: None
) -> None:
    states: list[FitState] = []

    def keep(state: FitState) -> None:
        states.append(copy.deepcopy(state))

    settings = Fit(3, Adam(5e-3), batch=BATCH)
    quantised = quantise(network, Apot(4, 4), coloured.train.real)
    whole, resumed = copy.deepcopy(quantised), copy.deepcopy(quantised)
    last = fit(whole, coloured, settings, 0, ignore, save=keep, around=COMPILED)
    again = fit(resumed, coloured, settings, 0, ignore, state=states[0], around=COMPILED)
    assert all(torch.equal(last.model[name], value) for name, value in again.model.items())
    assert [epoch["loss"] for epoch in again.history] == [epoch["loss"] for epoch in last.history]
    assert list(whole.state_dict()) == list(quantised.state_dict())


def test_divergence_is_an_error(coloured: Dataset, network: nn.Module, short_runs_compile: None) -> None:
    with pytest.raises(UserError, match=r"training diverged in epoch \d"):
        settings = Fit(3, Adam(1e30), batch=BATCH)
        fit(network, coloured, settings, 0, ignore, around=COMPILED)


def test_only_full_batches_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def stand_in(model: nn.Module, dynamic: bool) -> nn.Module:
        watched = copy.deepcopy(model)
        watched.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
        return watched

    monkeypatch.setattr(torch, "compile", stand_in)
    forward = Compiled(nn.Linear(3, 2), batch=4)
    for size in (4, 3, 4, 5):
        assert forward(torch.ones(size, 3)).shape == (size, 2)
    assert sizes == [4, 4]


def test_without_a_compiler_the_model_computes_and_the_reason_is_told() -> None:
    model, images = nn.Sequential(nn.Linear(3, 2), nn.ReLU()), torch.ones(4, 3)
    forward = Compiled(model, batch=4)
    missing = {"cpp.cxx": ("/nowhere/g++",), "fx_graph_cache": False}
    with torch._inductor.config.patch(missing), torch.compiler.config.patch(force_disable_caches=True):
        assert torch.equal(forward(images), model(images))
    assert forward.reason.startswith("not compiled, which needs a C++ compiler and Python's header files: ")
    assert torch.equal(forward(images), model(images))
    torch.compiler.reset()


def test_the_reason_is_in_the_note_of_each_epoch(
    coloured: Dataset, network: nn.Module, monkeypatch: pytest.MonkeyPatch, short_runs_compile: None
) -> None:
    def fails(model: nn.Module, dynamic: bool) -> nn.Module:
        model = copy.deepcopy(model)
        model.register_forward_pre_hook(_refuse)
        return model

    monkeypatch.setattr(torch, "compile", fails)
    notes: list[str] = []

    def advance(steps: int = 1, note: str = "") -> None:
        notes.append(note)

    fit(network, coloured, Fit(2, Adam(1e-3), batch=BATCH), 0, advance, around=COMPILED)
    assert len(notes) == 2
    assert all("not compiled" in note and "no such file" in note for note in notes)


def _refuse(module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
    raise torch._dynamo.exc.BackendCompilerFailed(ignore, OSError("no such file"), None)


def test_short_runs_are_not_compiled() -> None:
    where = COMPILED.compute
    assert isinstance(where.forward(nn.Identity(), 128, batches=10_000), Compiled)
    assert not isinstance(where.forward(nn.Identity(), 128, batches=10), Compiled)
    assert not isinstance(Compute().forward(nn.Identity(), 128, batches=10_000), Compiled)
