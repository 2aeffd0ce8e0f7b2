"""The loop: what it chooses by, and when it stops."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.train.loop import FitState, fit, predict
from twofold.train.settings import Adam, Fit, Sgd


def ignore(steps: int = 1, note: str = "") -> None:
    """An `Advance` that nobody watches."""


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def trained(dataset: Dataset, seed: int = 0, settings: Fit | None = None) -> torch.Tensor:
    torch.manual_seed(0)
    model = DemoNet(widths=(3, 4))
    fit(model, dataset, settings or Fit(3, Adam(5e-3), batch=32), seed, ignore)
    return weights(model)


def test_the_seed_decides(few_digits: Dataset) -> None:
    assert torch.equal(trained(few_digits, 1), trained(few_digits, 1))
    assert not torch.equal(trained(few_digits, 1), trained(few_digits, 2))


def test_test_images_have_no_influence(few_digits: Dataset) -> None:
    blank = replace(few_digits.test, pixels=torch.zeros_like(few_digits.test.pixels))
    assert torch.equal(trained(few_digits), trained(replace(few_digits, test=blank)))


def test_it_ends_with_the_best_epoch_in_validation(few_digits: Dataset) -> None:
    torch.manual_seed(0)
    model, states = DemoNet(widths=(3, 4)), list[FitState]()
    best = []

    def keep(state: FitState) -> None:
        states.append(replace(state))
        best.append(state.best_score)

    fit(model, few_digits, Fit(4, Adam(2e-2), batch=32), 0, ignore, save=keep)
    assert best == sorted(best)
    accuracy = predict(model, few_digits.validation).argmax(1) == few_digits.validation.labels
    assert 100 * float(accuracy.float().mean()) == pytest.approx(best[-1][0])


def test_momentum_learns_too(few_digits: Dataset) -> None:
    torch.manual_seed(0)
    model = DemoNet(widths=(3, 4))
    before = weights(model)
    fit(model, few_digits, Fit(1, Sgd(0.05), batch=32), 0, ignore)
    assert not torch.equal(before, weights(model))


def test_divergence_is_an_error(few_digits: Dataset) -> None:
    with pytest.raises(UserError, match=r"training diverged in epoch \d.*use a learning_rate below 1e\+30"):
        trained(few_digits, settings=Fit(3, Adam(1e30), batch=32))


def test_runs_of_no_epoch_are_refused() -> None:
    with pytest.raises(UserError, match="at least 1 epoch"):
        Fit(0)


def test_the_learning_rate_falls_along_a_cosine() -> None:
    settings = Fit(4, Adam(1.0))
    assert [round(settings.learning_rate(epoch), 3) for epoch in range(5)] == [1.0, 0.854, 0.5, 0.146, 0.0]
