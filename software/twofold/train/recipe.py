"""From a float network to a quantised one, as stages that each change the model and train it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor, fx, nn

from twofold.data.dataset import Dataset
from twofold.prune.criteria import geometric_median, magnitude
from twofold.prune.remove import remove_filters
from twofold.prune.schedule import SoftPruning, StagedPruning
from twofold.prune.soft import soft_mask
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.recipe import Recipe
from twofold.quant.weighted import renew_channel_scales
from twofold.train.augment import Augmentation
from twofold.train.objective import Distillation
from twofold.train.options import FitOptions
from twofold.train.schedule import OneCycle
from twofold.train.settings import Adam, Fit, Sgd

Transform = Callable[[nn.Module, Tensor], nn.Module]
AfterEpoch = Callable[[nn.Module], None]

FLOAT, MASKED, PRUNED, QUANTISED, FOLDED = "float", "masked", "pruned", "quantised", "folded"


def _unchanged(model: nn.Module, example: Tensor) -> nn.Module:
    return model


def _nothing(model: nn.Module, example: Tensor) -> AfterEpoch:
    return lambda model: None


@dataclass(frozen=True)
class Stage:
    """`transform(model, example images)` changes the model, always in the same way; `settings` train it.

    prepare: of the changed model and example images, gives what changes the model after each epoch.
    """

    name: str
    transform: Transform
    settings: Fit
    prepare: Callable[[nn.Module, Tensor], AfterEpoch] = _nothing


@dataclass(frozen=True)
class Budget:
    """Training of each kind of stage; a masked one is trained like a quantised one."""

    float_: Fit
    pruned: Fit
    quantised: Fit
    folded: Fit

    @classmethod
    def for_dataset(cls, dataset: Dataset) -> Budget:
        """Many epochs for hundreds of images, few for tens of thousands of grey ones, more for colour."""
        if len(dataset.train) < 10_000:
            return cls(Fit(30, Adam(5e-3)), Fit(8, Adam(2e-3)), Fit(16, Adam(2e-3)), Fit(5, Adam(2e-4)))
        if dataset.image_shape[0] == 1:
            move = Augmentation(shift=2)
            return cls(
                Fit(6, Adam(2e-3), 128, move),
                Fit(2, Adam(1e-3), 128, move),
                Fit(4, Adam(1e-3), 128, move),
                Fit(1, Adam(1e-4), 128, move),
            )
        move, cycle = Augmentation(shift=4, flip=0.5), OneCycle()
        return cls(
            Fit(100, Sgd(0.2, nesterov=True), 128, move, schedule=cycle),
            Fit(15, Sgd(0.05, nesterov=True), 128, move, schedule=cycle),
            Fit(60, Adam(1e-3), 128, move, schedule=cycle),
            Fit(5, Adam(5e-5), 128, move),
        )


@dataclass(frozen=True)
class TrainRecipe:
    """What to do to a float network.

    quantisation, pruning: None leaves numbers, or filters, as they are. distillation: every stage after the
    first learns from the float network too. options: stage → what differs from the data set's budget.
    """

    name: str
    quantisation: Recipe | None
    pruning: StagedPruning | SoftPruning | None = None
    distillation: Distillation | None = None
    options: Mapping[str, FitOptions] = field(default_factory=dict)

    def budget(self, dataset: Dataset) -> Budget:
        usual = Budget.for_dataset(dataset)
        return Budget(
            self._changed(FLOAT, usual.float_),
            self._changed(PRUNED, usual.pruned),
            self._changed(QUANTISED, usual.quantised),
            self._changed(FOLDED, usual.folded),
        )

    def _changed(self, stage: str, usual: Fit) -> Fit:
        return self.options[stage].applied(usual) if stage in self.options else usual

    def stages(self, model: nn.Module, budget: Budget) -> Iterator[Stage]:
        """The stages for the unpruned `model`, in order, float first.

        Last, batch normalisation is folded, so that what is trained last is what is shipped.
        """
        yield Stage(FLOAT, _unchanged, budget.float_)
        if isinstance(self.pruning, SoftPruning):
            yield from self._soft_stages(self.pruning, budget)
        else:
            yield from self._staged(self.pruning, model, budget)
        if self.quantisation is not None:
            yield Stage(FOLDED, _fold, budget.folded)

    def _soft_stages(self, pruning: SoftPruning, budget: Budget) -> Iterator[Stage]:
        """SPQ: train quantised with masks drawn anew after each epoch; then remove and train on."""
        yield Stage(MASKED, self._quantise, budget.quantised, _masked(pruning))
        yield Stage(PRUNED, _remove_masked(pruning), budget.pruned)

    def _staged(self, pruning: StagedPruning | None, model: nn.Module, budget: Budget) -> Iterator[Stage]:
        """PPQ: remove in stages and train after each; then quantise and train on."""
        plan = pruning.plan(model) if pruning is not None else ()
        for number, keep in enumerate(plan, 1):
            name = PRUNED if number == len(plan) else f"{PRUNED} {number} of {len(plan)}"
            yield Stage(name, _remove(keep), budget.pruned)
        if self.quantisation is not None:
            yield Stage(QUANTISED, self._quantise, budget.quantised)

    def _quantise(self, model: nn.Module, example: Tensor) -> nn.Module:
        return model if self.quantisation is None else quantise(model, self.quantisation, example)


def _remove(keep: Mapping[str, int]) -> Transform:
    def remove(model: nn.Module, example: Tensor) -> nn.Module:
        return remove_filters(model, example, geometric_median, keep)

    return remove


def _masked(pruning: SoftPruning) -> Callable[[nn.Module, Tensor], AfterEpoch]:
    def prepare(model: nn.Module, example: Tensor) -> AfterEpoch:
        return soft_mask(model, example, geometric_median, pruning.keep(model))

    return prepare


def _remove_masked(pruning: SoftPruning) -> Transform:
    def remove(model: nn.Module, example: Tensor) -> nn.Module:
        pruned = remove_filters(model, example, magnitude, pruning.keep(model))
        renew_channel_scales(pruned)
        return pruned

    return remove


def _fold(model: nn.Module, example: Tensor) -> nn.Module:
    assert isinstance(model, fx.GraphModule)
    return fold_batch_norms(model)
