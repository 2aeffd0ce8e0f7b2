"""Which sections of a recipe need one another, and which exclude one another."""

from __future__ import annotations

from collections.abc import Mapping

from twofold.errors import UserError
from twofold.prune.schedule import JointPruning, QuantisedPruning, SoftPruning
from twofold.quant.recipe import Int
from twofold.train.recipe import TrainRecipe

#: Methods that prune what is quantised, as a file names them.
_OF_QUANTISED: Mapping[type, str] = {
    SoftPruning: "soft",
    QuantisedPruning: "quantised",
    JointPruning: "joint",
}


def check_whole(recipe: TrainRecipe) -> None:
    """Raises UserError, naming the section, for sections that do not fit together."""
    _check_pruning(recipe)
    _check_from_scratch(recipe)
    _check_post_training(recipe)
    _check_gradual(recipe)
    _check_regularisation(recipe)


def _check_pruning(recipe: TrainRecipe) -> None:
    method = _OF_QUANTISED.get(type(recipe.pruning))
    if method is not None and recipe.quantisation is None:
        raise UserError(f'[pruning] method: "{method}" prunes what is quantised; expected [quantisation] too')


def _check_from_scratch(recipe: TrainRecipe) -> None:
    if not recipe.from_scratch:
        return
    if recipe.quantisation is None:
        raise UserError("from_scratch: leaves the float stage out; expected [quantisation] too")
    if recipe.pruning is not None or recipe.distillation is not None:
        raise UserError(
            "from_scratch: expected neither [pruning] nor [distillation], which need a float network"
        )


def _check_post_training(recipe: TrainRecipe) -> None:
    if recipe.post_training is None:
        return
    if not isinstance(recipe.quantisation, Int):
        raise UserError('[post_training]: expected [quantisation] with levels = "int"')
    if recipe.from_scratch or type(recipe.pruning) in _OF_QUANTISED:
        raise UserError(
            "[post_training]: expected a trained network, neither from_scratch nor pruning of what is "
            "quantised"
        )


def _check_gradual(recipe: TrainRecipe) -> None:
    at_once = isinstance(recipe.pruning, SoftPruning | JointPruning)
    if recipe.gradual is not None and (not _trains_quantised(recipe) or at_once):
        raise UserError(
            "[gradual]: expected [quantisation], which is trained, and no soft or joint pruning; each step "
            "trains"
        )


def _check_regularisation(recipe: TrainRecipe) -> None:
    if recipe.regularisation is not None and not _trains_quantised(recipe):
        raise UserError("[regularisation]: expected [quantisation], which is trained, found none")


def _trains_quantised(recipe: TrainRecipe) -> bool:
    return recipe.quantisation is not None and recipe.post_training is None
