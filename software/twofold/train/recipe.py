"""From a float network to a quantised one, as stages that each change the model and train it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from torch import fx, nn

from twofold.data.dataset import Dataset, Images
from twofold.prune.criteria.criterion import Ranking, ranking
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.criteria.named import criterion_named
from twofold.prune.remove import remove_filters
from twofold.prune.schedule import SoftPruning, StagedPruning
from twofold.prune.soft import soft_mask
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.post_training.quantise import quantise_trained
from twofold.quant.post_training.settings import PostTraining
from twofold.quant.recipe import Recipe, gives_integers
from twofold.quant.weighted import renew_channel_scales
from twofold.train.augment import Augmentation
from twofold.train.companion import NO_COMPANION, AfterEpoch, Companion
from twofold.train.examples import batches_of
from twofold.train.gradual import Descent, Gradual
from twofold.train.objective import Distillation
from twofold.train.options import FitOptions
from twofold.train.schedule import OneCycle
from twofold.train.settings import Adam, Fit, Sgd

T = TypeVar("T")
#: (network, labelled training images) → the changed network.
Transform = Callable[[nn.Module, Images], nn.Module]

FLOAT, MASKED, PRUNED, QUANTISED, FOLDED = "float", "masked", "pruned", "quantised", "folded"


def _unchanged(model: nn.Module, examples: Images) -> nn.Module:
    return model


def _nobody(model: nn.Module, examples: Images) -> Companion:
    return NO_COMPANION


@dataclass(frozen=True)
class Stage:
    """`transform(model, examples)` changes the model, always in the same way; `settings` train it, None does
    not.

    prepare: of the changed model and labelled training images, gives what goes along with the training.
    """

    name: str
    transform: Transform
    settings: Fit | None
    prepare: Callable[[nn.Module, Images], Companion] = _nobody


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
    from_scratch: there is no float stage; what is quantised is the network's first, random weights.
    post_training: what is done instead of training the quantised network, None to train it. gradual: wider
    networks that are trained before it.
    """

    name: str
    quantisation: Recipe | None
    pruning: StagedPruning | SoftPruning | None = None
    distillation: Distillation | None = None
    options: Mapping[str, FitOptions] = field(default_factory=dict)
    from_scratch: bool = False
    post_training: PostTraining | None = None
    gradual: Gradual | None = None

    @property
    def gives_integers(self) -> bool:
        """Whether what is trained can be exported and run by every backend."""
        static = self.post_training is None or self.post_training.gives_integers
        return self.quantisation is not None and gives_integers(self.quantisation) and static

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
        """The stages for the unpruned `model`, in order, float first unless it starts from scratch.

        Last, batch normalisation is folded, so that what is trained last is what is shipped. After training,
        one stage quantises and folds.
        """
        if not self.from_scratch:
            yield Stage(FLOAT, _unchanged, budget.float_)
        if isinstance(self.pruning, SoftPruning):
            yield from self._soft_stages(self.pruning, budget)
        else:
            yield from self._staged(self.pruning, model, budget)
        if self.quantisation is not None and self.post_training is None:
            yield Stage(FOLDED, _fold, budget.folded)

    def _soft_stages(self, pruning: SoftPruning, budget: Budget) -> Iterator[Stage]:
        """SPQ: train quantised with masks drawn anew after each epoch; then remove and train on."""
        yield Stage(MASKED, self._quantise, budget.quantised, _masked(pruning))
        yield Stage(PRUNED, _remove_masked(pruning), budget.pruned)

    def _staged(self, pruning: StagedPruning | None, model: nn.Module, budget: Budget) -> Iterator[Stage]:
        """PPQ: remove in stages and train after each; then quantise and train on."""
        if pruning is not None:
            for name, keep in _numbered(PRUNED, pruning.plan(model)):
                yield Stage(name, _remove(pruning, keep), budget.pruned)
        if self.quantisation is not None and self.gradual is not None:
            for name, transform in _numbered(
                QUANTISED, tuple(Descent(self.quantisation, self.gradual).transforms())
            ):
                yield Stage(name, transform, budget.quantised)
        elif self.quantisation is not None:
            yield Stage(QUANTISED, self._quantise, None if self.post_training else budget.quantised)

    def _quantise(self, model: nn.Module, examples: Images) -> nn.Module:
        if self.quantisation is None:
            return model
        if self.post_training is not None:
            return quantise_trained(model, self.quantisation, self.post_training, examples.real)
        return quantise(model, self.quantisation, examples.real)


def _numbered(name: str, steps: Sequence[T]) -> Iterator[tuple[str, T]]:
    """Names of stages; the last one is `name` itself."""
    for number, step in enumerate(steps, 1):
        yield name if number == len(steps) else f"{name} {number} of {len(steps)}", step


def _ranked(pruning: StagedPruning | SoftPruning, examples: Images) -> Ranking:
    return ranking(criterion_named(pruning.criterion), batches_of(examples))


def _remove(pruning: StagedPruning, keep: Mapping[str, int]) -> Transform:
    def remove(model: nn.Module, examples: Images) -> nn.Module:
        return remove_filters(model, examples.real, _ranked(pruning, examples), keep)

    return remove


def _masked(pruning: SoftPruning) -> Callable[[nn.Module, Images], Companion]:
    def prepare(model: nn.Module, examples: Images) -> Companion:
        masks = soft_mask(model, examples.real, _ranked(pruning, examples), pruning.keep(model))
        return AfterEpoch(masks)

    return prepare


def _remove_masked(pruning: SoftPruning) -> Transform:
    def remove(model: nn.Module, examples: Images) -> nn.Module:
        pruned = remove_filters(model, examples.real, FilterNorm(2), pruning.keep(model))
        renew_channel_scales(pruned)
        return pruned

    return remove


def _fold(model: nn.Module, examples: Images) -> nn.Module:
    assert isinstance(model, fx.GraphModule)
    return fold_batch_norms(model)
