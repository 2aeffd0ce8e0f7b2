"""What a recipe keeps of its base, changes, and drops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.prune.criteria.named import CriterionName
from twofold.prune.schedule import (
    JointPruning,
    QuantisedPruning,
    SoftPruning,
    StagedPruning,
    UnstructuredPruning,
)
from twofold.quant.recipe import Apot, Int
from twofold.train.recipe import TrainRecipe
from twofold.train.recipe_file import recipe_named
from twofold.train.recipe_merge import merged
from twofold.train.regularisation import QuantisationError
from twofold.train.settings import Adam, Fit


@pytest.fixture
def mine(tmp_path: Path):
    def read(text: str) -> TrainRecipe:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return recipe_named(str(path))

    return read


def test_another_method_takes_the_keys_that_it_has(mine) -> None:
    from_prune_int8 = "base = 'prune_int8'\n[pruning]\nmethod = "
    assert mine(f"{from_prune_int8}'soft'\nalign = 4").pruning == SoftPruning(0.3, 4, CriterionName.L1)
    assert mine(f"{from_prune_int8}'unstructured'").pruning == UnstructuredPruning(0.3)
    assert mine(f"{from_prune_int8}'quantised'").pruning == QuantisedPruning(
        0.3, 3, criterion=CriterionName.L1
    )
    assert mine("base = 'spq'\n[pruning]\nmethod = 'joint'\nratio = 0.5").pruning == JointPruning(0.5, 1)
    assert mine("base = 'joint'\n[pruning]\nmethod = 'staged'\nstages = 2").pruning == StagedPruning(0.3, 2)


def test_other_levels_terms_and_optimisers_do_so_too(mine) -> None:
    assert mine("base = 'int4'\n[quantisation]\nlevels = 'apot'").quantisation == Apot(4, 4)
    assert mine("base = 'apot'\n[quantisation]\nlevels = 'int'\nbits = 5").quantisation == Int(5)
    term = mine("base = 'int4_kurtosis'\n[regularisation]\nterm = 'quantisation-error'").regularisation
    assert term == QuantisationError(1.0)
    options = mine("base = 'cifar10_float'\n[train.float]\noptimiser = 'adam'").options["float"]
    assert options.applied(Fit(1)).optimiser == Adam(0.2)
    assert (options.epochs, options.batch) == (70, 128)


def test_keys_of_ones_own_are_checked_as_ever(mine) -> None:
    with pytest.raises(UserError, match=r"\[pruning\] stages: unknown; expected one of ratio, align"):
        mine("base = 'ppq'\n[pruning]\nmethod = 'soft'\nstages = 2")
    with pytest.raises(UserError, match=r"\[pruning\] method: expected one of staged, .* got 'hard'"):
        mine("base = 'ppq'\n[pruning]\nmethod = 'hard'")


def test_a_section_that_is_false_is_left_out(mine) -> None:
    ppq = recipe_named("ppq")
    dropped = mine("base = 'ppq'\npruning = false\n[train]\npruned = false")
    options = {stage: options for stage, options in ppq.options.items() if stage != "pruned"}
    assert dropped == replace(ppq, name="mine", pruning=None, options=options)
    assert mine("base = 'ptq_static'\npost_training = false").post_training is None
    widths = mine("base = 'small_cnn_conv'\n[quantisation]\nlayers = false").quantisation
    assert widths == recipe_named("small_cnn_trained").quantisation


def test_what_is_not_there_cannot_be_left_out(mine) -> None:
    with pytest.raises(UserError, match=r"pruning: expected a table \[pruning\], got False"):
        mine("base = 'int8'\npruning = false")


def test_values_are_overruled_in_any_order() -> None:
    fixed = merged({"pruning": {"stages": 2}}, {"pruning": {"method": "staged"}})
    assert fixed == {"pruning": {"stages": 2, "method": "staged"}}, "no method before, so none is changed"
    assert merged({"from_scratch": True}, {"from_scratch": False}) == {"from_scratch": False}
