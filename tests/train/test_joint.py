"""The joint loss: its terms by hand, and what it leaves of the filters that are to go."""

from __future__ import annotations

import math

import pytest
import torch
from torch import fx

from twofold.data.dataset import Dataset, Images
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.energy import ChannelEnergy, share_of
from twofold.prune.prunable import Prunable
from twofold.prune.remove import filters_to_remove, widths
from twofold.prune.schedule import JointPruning
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot, Int, Recipe
from twofold.quant.weight_error import relative_error
from twofold.train.joint import JointTraining
from twofold.train.loop import Surroundings, fit
from twofold.train.recipe import Budget, TrainRecipe
from twofold.train.regularisation import weighed
from twofold.train.settings import Adam, Fit
from twofold.train.stage import PRUNED

IMAGES = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(64) % 10
ANY = Budget(*[Fit(1)] * 4)


def quantised(recipe: Recipe) -> fx.GraphModule:
    torch.manual_seed(0)
    return quantise(DemoNet(widths=(8, 12)), recipe, IMAGES)


def companion(model: fx.GraphModule, pruning: JointPruning) -> JointTraining:
    joint = JointTraining(Prunable.of(model, IMAGES).groups, pruning.keep(model), pruning)
    joint.before_epoch(model)
    return joint


def test_both_terms_are_in_the_loss() -> None:
    model, pruning = quantised(Apot(4, 4)), JointPruning(0.25, pruning_weight=0.5, quantisation_weight=0.25)
    joint = companion(model, pruning)
    scores = ChannelEnergy()(Prunable(model, joint.groups))
    least = filters_to_remove(joint.groups, scores, pruning.keep(model))
    assert joint.removed == least and all(least)
    pruned, error = share_of(model, joint.groups, least), relative_error(model)
    expected = 0.5 * weighed(pruned) + 0.25 * weighed(error)
    found = joint.penalty(model, IMAGES, model(IMAGES), LABELS)
    assert float(found.detach()) == pytest.approx(float(expected.detach()))
    found.backward()
    assert model.bn2.weight.grad is not None and model.conv2.weight.grad.any()


def test_training_empties_what_is_removed(few_digits: Dataset) -> None:
    model, pruning = quantised(Int(8)), JointPruning(0.25, pruning_weight=1.0)
    before = share_of(model, *_chosen(model, pruning))
    around = Surroundings(companion=companion(model, pruning))
    state = fit(model, few_digits, Fit(4, Adam(5e-2), batch=8), 0, lambda *_: None, around=around)
    model.load_state_dict(state.model)
    after = share_of(model, *_chosen(model, pruning))
    assert float(after.detach()) < 0.05 * float(before.detach())


def test_removal_changes_no_level() -> None:
    model, pruning = quantised(Apot(4, 4)), JointPruning(0.25)
    chosen = zip(*_chosen(model, pruning), strict=True)
    with torch.no_grad():
        for group, channels in chosen:
            for norm in group.norms.values():
                model.get_submodule(norm).weight[channels] = 0
                model.get_submodule(norm).bias[channels] = 0
    expected = model.eval()(IMAGES).detach()
    stages = {stage.name: stage for stage in TrainRecipe("mine", Apot(4, 4), pruning).stages(model, ANY)}
    images = Images((IMAGES * 255).to(torch.uint8), LABELS, 255)
    smaller = stages[PRUNED].transform(model, images).eval()
    assert sum(widths(smaller).values()) < sum(widths(model).values())
    assert torch.equal(smaller(IMAGES), expected)


def _chosen(model: fx.GraphModule, pruning: JointPruning) -> tuple[list, list]:  # type: ignore[type-arg]
    joint = companion(model, pruning)
    return list(joint.groups), joint.removed


@pytest.mark.parametrize(("pruning", "quantisation"), [(0, 1), (1, -1), (math.nan, 1), (1, math.inf)])
def test_weights_out_of_range_are_refused(pruning: float, quantisation: float) -> None:
    expected = "expected pruning_weight > 0 and quantisation_weight ≥ 0, both finite, "
    expected += f"got {pruning} and {quantisation}"
    with pytest.raises(UserError, match=expected):
        JointPruning(pruning_weight=pruning, quantisation_weight=quantisation)
