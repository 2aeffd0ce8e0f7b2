"""Terms on the weights' distribution: their values by hand, and what training with them leads to."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int
from twofold.quant.weight_error import quantised_layers, relative_error
from twofold.train.companion import AfterEpoch, Together
from twofold.train.loop import Surroundings, fit
from twofold.train.recipe import Budget
from twofold.train.recipe_file import read_recipe, recipe_named
from twofold.train.regularisation import (
    Kurtosis,
    QuantisationError,
    Regularisation,
    Regularised,
    kurtosis,
    weighed,
)
from twofold.train.settings import Adam, Fit
from twofold.train.stage import FLOAT

IMAGES = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def quantised() -> torch.fx.GraphModule:
    torch.manual_seed(0)
    return quantise(DemoNet(widths=(4, 6)), Int(4), IMAGES)


def test_kurtosis_of_known_distributions() -> None:
    assert float(kurtosis(torch.linspace(-1, 1, 100_001))) == pytest.approx(1.8, abs=1e-3)
    normal = torch.randn(400_000, generator=torch.Generator().manual_seed(0))
    assert float(kurtosis(normal)) == pytest.approx(3, abs=0.05)
    assert float(kurtosis(torch.tensor([-1.0, 1.0]))) == pytest.approx(1)
    assert float(kurtosis(torch.full((9,), 0.5))) == 0


def test_terms_are_the_papers(quantised: torch.fx.GraphModule) -> None:
    found = [float(kurtosis(layer.weight)) for layer in quantised_layers(quantised)]
    expected = 0.5 * sum((value - 1.8) ** 2 for value in found) / 6
    assert float(Kurtosis(0.5)(quantised)) == pytest.approx(expected, rel=1e-5)
    error = float(relative_error(quantised))
    assert float(QuantisationError(0.5)(quantised)) == pytest.approx(
        0.5 * math.log(1 + 1000 * error), rel=1e-5
    )


def test_the_less_is_left_the_more_it_weighs() -> None:
    share = torch.tensor([0.5, 0.05, 0.0], requires_grad=True)
    weighed(share).sum().backward()
    assert share.grad.tolist() == pytest.approx([1 / 0.501, 1 / 0.051, 1000], rel=1e-4)


@pytest.mark.parametrize("term", [Kurtosis(), QuantisationError(1.0)], ids=["kurtosis", "error"])
def test_training_lowers_the_term(term: Regularisation, few_digits: Dataset) -> None:
    ends = []
    for companion in (Regularised(term), Together(())):
        torch.manual_seed(0)
        model = quantise(DemoNet(widths=(4, 6)), Int(4), IMAGES)
        around = Surroundings(companion=companion)
        fit(model, few_digits, Fit(6, Adam(2e-3), batch=48), 0, lambda *_: None, around=around)
        ends.append(float(term(model)))
    assert ends[0] < 0.8 * ends[1]


def test_float_networks_have_no_such_term(few_digits: Dataset) -> None:
    for term in (Kurtosis(), QuantisationError()):
        assert float(term(DemoNet(widths=(4, 6)))) == 0


def test_companions_stand_together(quantised: torch.fx.GraphModule) -> None:
    seen: list[str] = []
    term = Regularised(Kurtosis())
    both = Together((AfterEpoch(lambda model: seen.append("changed")), term, term))
    both.before_epoch(quantised)
    logits, labels = torch.zeros(2, 10), torch.zeros(2, dtype=torch.int64)
    penalty = both.penalty(quantised, IMAGES[:2], logits, labels)
    assert penalty is not None and float(penalty) == pytest.approx(2 * float(term.term(quantised)))
    both.after_step(quantised)
    both.after_epoch(quantised)
    assert seen == ["changed"]
    assert Together(()).penalty(quantised, IMAGES[:2], logits, labels) is None


def test_every_stage_after_the_float_one_is_regularised() -> None:
    recipe = recipe_named("int4_error")
    assert recipe.regularisation == QuantisationError(0.01)
    model = DemoNet(widths=(4, 6))
    one = Fit(1)
    stages = list(recipe.stages(model, Budget(one, one, one, one)))
    found = {stage.name: stage.prepare(model, None) for stage in stages}  # type: ignore[arg-type]
    assert [name for name, companion in found.items() if not isinstance(companion, Together)] == [FLOAT]


@pytest.mark.parametrize(
    "text, message",
    [
        ("term = 'l2'", r"\[regularisation\] term: expected one of quantisation-error, kurtosis, got 'l2'"),
        ("term = 'kurtosis'\nweight = 0", r"regularisation weight: expected more than 0 and finite, got 0"),
        ("term = 'kurtosis'\ntarget = 0.5", r"expected a kurtosis of at least 1, got 0.5"),
        ("term = 'kurtosis'", r"\[regularisation\]: expected \[quantisation\], which is trained"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[regularisation]\n{text}\n")
    with pytest.raises(UserError, match=message):
        read_recipe(path)


@pytest.mark.parametrize("number", [-1.0, math.nan, math.inf])
def test_numbers_that_a_term_cannot_have_are_refused(number: float) -> None:
    for term in (Kurtosis, QuantisationError):
        with pytest.raises(UserError, match=f"weight: expected more than 0 and finite, got {number}"):
            term(weight=number)
    with pytest.raises(UserError, match=f"target: expected a kurtosis of at least 1, got {number}"):
        Kurtosis(target=number)
