"""Recipes as files: those that ship, and what is wrong in an edited one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.criteria.named import CriterionName
from twofold.prune.schedule import (
    JointPruning,
    PseudoPruning,
    QuantisedPruning,
    SoftPruning,
    StagedPruning,
    UnstructuredPruning,
)
from twofold.quant.recipe import Apot, ApotWeights, ByLayer, Granularity, Int, Recipe, Scales
from twofold.train.objective import Distillation
from twofold.train.recipe import Budget, TrainRecipe
from twofold.train.recipe_file import read_recipe, recipe_named, recipe_names, recipe_path
from twofold.train.regularisation import Kurtosis, QuantisationError
from twofold.train.schedule import OneCycle
from twofold.train.settings import Fit, Sgd


@pytest.fixture(scope="module")
def shipped() -> dict[str, TrainRecipe]:
    return {name: recipe_named(name) for name in recipe_names()}


def test_quantisation_of_the_shipped_recipes(shipped: dict[str, TrainRecipe]) -> None:
    assert {name: recipe.quantisation for name, recipe in shipped.items()} == {
        "apot": Apot(4, 4),
        "apot_w4_a4": Apot(4, 4),
        "apot_w4_a4_residual4": ApotWeights(4, 4, residual_bits=4),
        "apot_w4_uniform_a4": ApotWeights(4, 4),
        "cifar10_float": None,
        "cifar10_float_brief": None,
        "cifar10_float_taught": None,
        "cifar10_float_two_epochs": None,
        "cifar10_int8": Int(8),
        "float": None,
        "int4": Int(4),
        "int4_error": Int(4),
        "int4_kurtosis": Int(4),
        "int8": Int(8),
        "joint": Apot(4, 4),
        "mixed_gradual": Int(4),
        "int8_prune": Int(8),
        "iterative_l1": Int(8),
        "ppq": Apot(4, 4),
        "ppq_align16": Apot(4, 4),
        "ppq_align4": Apot(4, 4),
        "ppq_align8": Apot(4, 4),
        "ppq_long": Apot(4, 4, Scales.FREE),
        "ptq_data_free": Int(8),
        "ptq_dynamic": Int(8),
        "ptq_static": Int(8),
        "ptq_equalised": Int(8),
        "ptq_weights": Int(8),
        "prune_int8": Int(8),
        "pseudo": Int(8),
        "slimming": Int(8),
        "small_cnn_conv": Int(8, layers=ByLayer.of({"Linear": "float"})),
        "small_cnn_dense": Int(8, layers=ByLayer.of({"Conv2d": "float"})),
        "small_cnn_float": None,
        "small_cnn_scratch": Int(8),
        "small_cnn_trained": Int(8),
        "spq": Apot(4, 4),
        "two_bit": ApotWeights(2, 4, Scales.FREE),
        "unstructured_l1": Int(8),
    }


def test_pruning_and_terms_of_the_shipped_recipes(shipped: dict[str, TrainRecipe]) -> None:
    assert shipped["apot"].pruning == StagedPruning(0.3, 3)
    assert shipped["ppq"].pruning == StagedPruning(0.3, 2)
    assert shipped["spq"].pruning == SoftPruning(0.3)
    assert shipped["spq"].distillation == Distillation(4.0, 0.9)
    l1, gammas = CriterionName.L1, CriterionName.BATCH_NORM_SCALE
    assert shipped["prune_int8"].pruning == StagedPruning(0.3, 3, criterion=l1)
    assert shipped["int8_prune"].pruning == QuantisedPruning(0.3, 3, criterion=l1)
    assert shipped["iterative_l1"].pruning == StagedPruning(0.5, 5, criterion=l1)
    assert shipped["slimming"].pruning == StagedPruning(0.3, 1, criterion=gammas)
    assert shipped["slimming"].options["float"].slimming == 1e-4
    assert shipped["pseudo"].pruning == PseudoPruning(0.3, criterion=l1)
    assert shipped["joint"].pruning == JointPruning(0.3)
    assert shipped["int4_kurtosis"].regularisation == Kurtosis()
    assert shipped["int4_error"].regularisation == QuantisationError()
    assert shipped["unstructured_l1"].pruning == UnstructuredPruning(0.5)


def test_both_orders_train_equally_long(few_digits: Dataset) -> None:
    epochs = []
    for name in ("prune_int8", "int8_prune"):
        recipe = recipe_named(name)
        stages = list(recipe.stages(DemoNet(), recipe.budget(few_digits)))
        epochs.append({stage.name: stage.settings.epochs for stage in stages})
    assert epochs[0] == epochs[1]
    assert list(epochs[0]) == ["float", "pruned 1 of 3", "pruned 2 of 3", "pruned", "quantised", "folded"]
    assert list(epochs[1]) == ["float", "quantised", "pruned 1 of 3", "pruned 2 of 3", "pruned", "folded"]


def test_recipes_without_options_leave_the_budget_alone(few_digits: Dataset) -> None:
    assert recipe_named("apot").budget(few_digits) == Budget.for_dataset(few_digits)


def test_a_copy_can_be_edited(tmp_path: Path, few_digits: Dataset) -> None:
    copy = tmp_path / "mine.toml"
    text = (
        recipe_path("ppq")
        .read_text()
        .replace("align = 1 ", "align = 8 ")
        .replace("[train.pruned]", "[train.float]\nepochs = 7\n\n[train.pruned]")
    )
    copy.write_text(text)
    recipe = recipe_named(str(copy))
    assert recipe.name == "mine"
    assert recipe.pruning == StagedPruning(0.3, 2, align=8)
    trained = recipe.budget(few_digits).float_
    assert (trained.epochs, trained.optimiser, trained.schedule) == (7, Sgd(0.2, nesterov=True), OneCycle())
    assert (trained.augmentation.shift, trained.augmentation.flip) == (4, 0.5)


def test_a_base_says_what_a_file_leaves_out(tmp_path: Path) -> None:
    base = recipe_named("ppq")
    for align in (4, 8, 16):
        recipe = recipe_named(f"ppq_align{align}")
        assert recipe == replace(base, name=recipe.name, pruning=StagedPruning(0.3, 2, align=align))
    mine = tmp_path / "mine.toml"
    mine.write_text("base = 'ppq_align8'\n[train.float]\nepochs = 7\n[distillation]\nweight = 0.25")
    recipe = recipe_named(str(mine))
    assert recipe.pruning == StagedPruning(0.3, 2, align=8)
    assert recipe.distillation == Distillation(4.0, 0.25)
    assert recipe.options["float"] == replace(base.options["float"], epochs=7)
    assert recipe.options["quantised"] == base.options["quantised"]


def test_a_criterion_is_a_word(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "[pruning]\nmethod = 'staged'\ncriterion = 'batch-norm-scale'\n[train.float]\nslimming = 1e-4"
    )
    recipe = read_recipe(path)
    assert recipe.pruning == StagedPruning(criterion=CriterionName.BATCH_NORM_SCALE)
    assert recipe.options["float"].applied(Fit(1)).slimming == 1e-4


@pytest.mark.parametrize(
    "text, expected",
    [
        ("levels = 'int'", Int(8)),
        (
            "levels = 'int'\nbits = 6\nweight_granularity = 'channel'\nscales = 'free'",
            Int(6, Granularity.CHANNEL, Scales.FREE),
        ),
        ("levels = 'apot'\nscales = 'free'", Apot(4, 4, Scales.FREE)),
        ("levels = 'apot-weights'\nscales = 'power-of-two'", ApotWeights(4, 4)),
    ],
)
def test_scales_are_words(tmp_path: Path, text: str, expected: Recipe) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[quantisation]\n{text}\n")
    found = read_recipe(path).quantisation
    assert found == expected
    assert found is not None and type(found.scales) is Scales


@pytest.mark.parametrize(
    "text, message",
    [
        ("[quantization]", r"\[quantization\]: unknown; expected one of quantisation, pruning"),
        (
            "[quantisation]\nlevels = 'fp4'",
            r"\[quantisation\] levels: expected one of int, apot, .* got 'fp4'",
        ),
        ("[quantisation]\nbits = 8", r"\[quantisation\] levels: expected one of .* got None"),
        (
            "[quantisation]\nlevels = 'int'\nwidth = 8",
            r"\[quantisation\] width: unknown; expected one of bits, weight_granularity, scales",
        ),
        (
            "[quantisation]\nlevels = 'int'\nweight_granularity = 'filter'",
            r"\[quantisation\] weight_granularity: expected one of tensor, channel, got 'filter'",
        ),
        (
            "[quantisation]\nlevels = 'apot'\nweight_granularity = 'channel'",
            r"\[quantisation\] weight_granularity: unknown; expected one of weight_bits, .*scales",
        ),
        (
            "[quantisation]\nlevels = 'apot'\nscales = true",
            r"\[quantisation\] scales: expected one of power-of-two, free, got True",
        ),
        (
            "[quantisation]\nlevels = 'int'\nbits = 8.0",
            r"\[quantisation\] bits: expected a whole number, got 8.0",
        ),
        ("[quantisation]\nlevels = 'int'\nbits = true", r"\[quantisation\] bits: expected a whole number"),
        ("[quantisation]\nlevels = 'int'\nbits = 9", r"\[quantisation\] Int.bits: .*2 to 8 bits, got 9"),
        ("quantisation = 8", r"quantisation: expected a table \[quantisation\], got 8"),
        ("[pruning]\nmethod = 'soft'", r"\[pruning\] method: .*expected \[quantisation\] too"),
        ("[pruning]\nmethod = 'joint'", r'method: "joint" .*expected \[quantisation\] too'),
        (
            "[quantisation]\nlevels = 'int'\n[pruning]\nmethod = 'joint'\n[gradual]",
            r"\[gradual\]: expected .*no soft or joint pruning",
        ),
        ("[pruning]\nmethod = 'quantised'", r'method: "quantised" .*expected \[quantisation\] too'),
        ("[pruning]\nmethod = 'listed'\nkeep = 3", r"keep: expected a table of whole numbers, got 3"),
        ("[pruning]\nmethod = 'listed'\n[pruning.keep]\na = 0", r"a: expected at least 1 filter, got 0"),
        (
            "[pruning]\nmethod = 'pseudo'\nweight = 0",
            r"pruning weight: expected more than 0 and finite, got 0",
        ),
        ("[pruning]\nmethod = 'unstructured'\nratio = 1.0", r"pruning ratio: expected 0 ≤ ratio < 1"),
        ("[pruning]\nmethod = 'unstructured'\nalign = 8", r"align: unknown; expected one of ratio"),
        ("[pruning]\nmethod = 'staged'\nratio = 1.5", r"\[pruning\] pruning ratio: expected 0 ≤ ratio < 1"),
        ("[pruning]\nmethod = 'staged'\nalign = 0", r"\[pruning\] pruning align: expected a multiple"),
        (
            "[pruning]\nmethod = 'staged'\ncriterion = 'l3'",
            r"\[pruning\] criterion: expected one of geometric-median, l1, l2, .*influence, got 'l3'",
        ),
        ("[train.float]\nslimming = -1", r"\[train.float\] slimming: expected a factor of at least 0"),
        ("[distillation]\ntemperature = 0", r"\[distillation\] .*expected a finite temperature > 0"),
        ("[train.flaot]", r"\[train\] flaot: unknown; expected one of float, pruned, quantised, folded"),
        ("[train.float]\nepoch = 3", r"\[train.float\] epoch: unknown; expected one of epochs, "),
        ("[train.float]\nepochs = 0", r"\[train.float\] expected at least 1 epoch"),
        ("[train.float]\noptimiser = 'lamb'", r"\[train.float\] optimiser: expected one of adam, sgd"),
        (
            "[train.float]\noptimiser = 'adam'\nmomentum = 0.9",
            r"momentum: expected only with optimiser = .sgd",
        ),
        ("[train.float]\nlearning_rate = -1", r"\[train.float\] learning_rate: expected more than 0"),
        ("[train.float]\nlearning_rate = nan", r"\[train.float\] learning_rate: expected a number, got nan"),
        ("[train.float]\nshift = -1", r"\[train.float\] shift: expected 0 pixels or more, got -1"),
        ("[train.float]\nflip = 7.0", r"\[train.float\] flip: expected a share from 0 to 1, got 7.0"),
        ("[train.float]\ngradient_norm = 0", r"\[train.float\] gradient_norm: expected a length above 0"),
        ("[train.float]\noptimiser = 'sgd'\nmomentum = 1.0", r"momentum: expected a share from 0 to below 1"),
        ("[train.float]\noptimiser = 'sgd'\nnesterov = true\nmomentum = 0", r"share above 0, as nesterov"),
        ("[train.float]\noptimiser = 'sgd'\nweight_decay = -1", r"weight_decay: expected 0 or more, got -1"),
        ("[pruning]\nmethod = 'listed'", r"\[pruning\] keep: expected, not found"),
        ("[train.float]\nschedule = 'step'", r"schedule: expected one of cosine, one-cycle, plateau"),
        ("epochs = ", "expected a TOML file, got"),
        ("base = 'mine'", r"base: expected one of apot, .*, spq, .*got 'mine'"),
        ("base = 'ppq'\n[pruning]\nalgin = 8", r"\[pruning\] algin: unknown; expected one of ratio, "),
        ("base = 'ppq'\npruning = 8", r"pruning: expected a table \[pruning\], got 8"),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read_recipe(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.toml: expected a TOML file, cannot read it: No such file"):
        recipe_named(str(tmp_path / "none.toml"))
