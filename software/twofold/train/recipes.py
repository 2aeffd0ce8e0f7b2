"""From a float network to a quantised one, as stages that each change the model and train it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, fx, nn

from twofold.errors import UserError
from twofold.prune.criteria import geometric_median
from twofold.prune.remove import remove_filters
from twofold.prune.schedule import StagedPruning
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.recipe import Apot, Int, Recipe
from twofold.train.augment import Augmentation
from twofold.train.settings import Adam, Fit

Transform = Callable[[nn.Module, Tensor], nn.Module]

FLOAT, PRUNED, QUANTISED, FOLDED = "float", "pruned", "quantised", "folded"


@dataclass(frozen=True)
class Stage:
    """`transform(model, example images)` changes the model, always in the same way; `settings` train it."""

    name: str
    transform: Transform
    settings: Fit


@dataclass(frozen=True)
class Budget:
    """Training of each kind of stage."""

    float_: Fit
    pruned: Fit
    quantised: Fit
    folded: Fit

    @classmethod
    def for_images(cls, count: int) -> Budget:
        """Epochs for a training part of `count` images: many for hundreds, few for tens of thousands."""
        if count < 10_000:
            return cls(Fit(30, Adam(5e-3)), Fit(8, Adam(2e-3)), Fit(16, Adam(2e-3)), Fit(5, Adam(2e-4)))
        move = Augmentation(shift=2)
        return cls(
            Fit(6, Adam(2e-3), 128, move),
            Fit(2, Adam(1e-3), 128, move),
            Fit(4, Adam(1e-3), 128, move),
            Fit(1, Adam(1e-4), 128, move),
        )


@dataclass(frozen=True)
class TrainRecipe:
    """What to do to a float network. pruning: None leaves every filter."""

    name: str
    quantisation: Recipe
    pruning: StagedPruning | None = None

    def stages(self, model: nn.Module, budget: Budget) -> Iterator[Stage]:
        """The stages for the unpruned `model`, in order.

        Train in float; prune in stages, filters physically removed at each (PPQ's first half); quantise and
        train on; fold batch normalisation, so that what is trained last is what is shipped.
        """
        yield Stage(FLOAT, _unchanged, budget.float_)
        if self.pruning is not None:
            plan = self.pruning.plan(model)
            for number, keep in enumerate(plan, 1):
                name = PRUNED if number == len(plan) else f"{PRUNED} {number} of {len(plan)}"
                yield Stage(name, _remove(keep), budget.pruned)
        yield Stage(QUANTISED, self._quantise, budget.quantised)
        yield Stage(FOLDED, _fold, budget.folded)

    def _quantise(self, model: nn.Module, example: Tensor) -> nn.Module:
        return quantise(model, self.quantisation, example)


def _unchanged(model: nn.Module, example: Tensor) -> nn.Module:
    return model


def _remove(keep: Mapping[str, int]) -> Transform:
    def remove(model: nn.Module, example: Tensor) -> nn.Module:
        return remove_filters(model, example, geometric_median, keep)

    return remove


def _fold(model: nn.Module, example: Tensor) -> nn.Module:
    assert isinstance(model, fx.GraphModule)
    return fold_batch_norms(model)


RECIPES = (TrainRecipe("apot", Apot(4, 4), StagedPruning(0.3, 3)), TrainRecipe("int8", Int(8)))


def recipe_named(name: str) -> TrainRecipe:
    """apot: 30% of the filters pruned by geometric median, then 4-bit APoT; int8: INT8, nothing pruned.

    Raises UserError for another name.
    """
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    raise UserError(f"recipe: expected one of {', '.join(r.name for r in RECIPES)}, got {name!r}")
