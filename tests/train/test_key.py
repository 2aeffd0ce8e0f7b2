"""Keys of runs: equal for equal inputs, and those of before later settings existed."""

from __future__ import annotations

from twofold.prune.criteria.named import CriterionName
from twofold.prune.schedule import StagedPruning
from twofold.quant.recipe import Int
from twofold.train.key import described
from twofold.train.options import FitOptions
from twofold.train.recipe_file import recipe_named
from twofold.train.settings import Fit


def test_later_settings_are_silent_at_their_default() -> None:
    for later in ("from_scratch", "regularisation"):
        assert later not in described(recipe_named("int8"))
    assert "layers" in described(recipe_named("small_cnn_conv")) and "layers" not in described(Int(8))
    assert described(StagedPruning()) == "StagedPruning(ratio=0.3, stages=3, align=1)"
    assert "slimming" not in described(Fit(1)) and "slimming" not in described({"float": FitOptions()})


def test_later_settings_count_where_they_are_set() -> None:
    assert "criterion=<CriterionName.L1: 'l1'>" in described(StagedPruning(criterion=CriterionName.L1))
    assert described(Fit(1, slimming=1e-4)).endswith("slimming=0.0001)")


def test_everything_else_reads_as_python_says_it() -> None:
    distillation = recipe_named("cifar10_int8").distillation
    assert distillation is not None and described(distillation) == repr(distillation)
    assert described({"a": 1, "b": None}) == "{'a': 1, 'b': None}"
