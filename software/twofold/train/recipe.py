"""From a float network to a quantised one, as stages that each change the model and train it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from torch import fx, nn

from twofold.data.dataset import Dataset, Images
from twofold.prune.schedule import Pruning, UnstructuredPruning
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.post_training.quantise import quantise_trained
from twofold.quant.post_training.settings import PostTraining
from twofold.quant.recipe import Recipe, gives_integers
from twofold.train.augment import Augmentation
from twofold.train.companion import Companion, Together
from twofold.train.gradual import Descent, Gradual
from twofold.train.objective import Distillation
from twofold.train.options import FitOptions
from twofold.train.orders import Between, keep_zeros
from twofold.train.regularisation import Regularisation, Regularised
from twofold.train.schedule import OneCycle
from twofold.train.settings import Adam, Fit, Sgd
from twofold.train.stage import FLOAT, FOLDED, PRUNED, QUANTISED, Prepare, Stage, Transform, nobody, unchanged

#: Epochs and learning rates of the four stages.
_OF_HUNDREDS = ((30, 5e-3), (8, 2e-3), (16, 2e-3), (5, 2e-4))
_OF_QUANTITIES = ((30, 2e-3), (8, 1e-3), (16, 1e-3), (4, 1e-4))
_OF_GREY = ((6, 2e-3), (2, 1e-3), (4, 1e-3), (1, 1e-4))
#: Samples from which on a data set is a large one.
_MANY = 10_000
#: Names of data sets whose images show the same when mirrored.
_MIRRORED = ("cifar10",)


@dataclass(frozen=True)
class Budget:
    """Training of each kind of stage; a masked one is trained like a quantised one."""

    float_: Fit
    pruned: Fit
    quantised: Fit
    folded: Fit

    @classmethod
    def for_dataset(cls, dataset: Dataset) -> Budget:
        """Many epochs for hundreds of images, few for tens of thousands of grey ones, more for colour.

        Measured quantities, images of one pixel, are not moved. CIFAR-10's alone are mirrored: of a digit, a
        sign or a detector's map the mirror image is another one.
        """
        move = _usual_moves(dataset)
        if len(dataset.train) < _MANY:
            return cls._of_adam(_OF_HUNDREDS, 128, move)
        if _of_one_pixel(dataset):
            return cls._of_adam(_OF_QUANTITIES, 256, move)
        if dataset.image_shape[0] == 1:
            return cls._of_adam(_OF_GREY, 128, move)
        cycle = OneCycle()
        return cls(
            Fit(100, Sgd(0.2, nesterov=True), 128, move, schedule=cycle),
            Fit(15, Sgd(0.05, nesterov=True), 128, move, schedule=cycle),
            Fit(60, Adam(1e-3), 128, move, schedule=cycle),
            Fit(5, Adam(5e-5), 128, move),
        )

    def lasting(self, epochs: int) -> Budget:
        """The same with so many epochs in each stage. Raises UserError for fewer than one."""
        stages = self.float_, self.pruned, self.quantised, self.folded
        return Budget(*(replace(stage, epochs=epochs) for stage in stages))

    @classmethod
    def _of_adam(cls, stages: Iterable[tuple[int, float]], batch: int, move: Augmentation) -> Budget:
        return cls(*(Fit(epochs, Adam(rate), batch, move) for epochs, rate in stages))


def _usual_moves(dataset: Dataset) -> Augmentation:
    if _of_one_pixel(dataset):
        return Augmentation(shift=0)
    if len(dataset.train) < _MANY:
        return Augmentation(shift=1)
    if dataset.image_shape[0] == 1:
        return Augmentation(shift=2)
    return Augmentation(shift=4, flip=0.5 if dataset.name in _MIRRORED else 0.0)


def _of_one_pixel(dataset: Dataset) -> bool:
    return dataset.image_shape[1:] == (1, 1)


@dataclass(frozen=True)
class TrainRecipe:
    """What to do to a float network.

    quantisation, pruning: None leaves numbers, or filters, as they are. distillation: every stage after the
    first learns from the float network too. options: stage → what differs from the data set's budget.
    from_scratch: there is no float stage; what is quantised is the network's first, random weights.
    post_training: what is done instead of training the quantised network, None to train it. gradual: wider
    networks that are trained before it. regularisation: added to the loss wherever layers are quantised.
    """

    name: str
    quantisation: Recipe | None
    pruning: Pruning | None = None
    distillation: Distillation | None = None
    options: Mapping[str, FitOptions] = field(default_factory=dict)
    from_scratch: bool = False
    post_training: PostTraining | None = None
    gradual: Gradual | None = None
    regularisation: Regularisation | None = None

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
            yield Stage(FLOAT, unchanged, budget.float_)
        quantised = None if self.post_training else budget.quantised
        between = Between(self._quantising(), budget.pruned, quantised)
        yield from map(self._regularised, between.stages(self.pruning, model))
        if self.quantisation is not None and self.post_training is None:
            keeps_zeros = isinstance(self.pruning, UnstructuredPruning)
            prepare = keep_zeros if keeps_zeros else nobody
            yield self._regularised(Stage(FOLDED, _fold, budget.folded, prepare))

    def _regularised(self, stage: Stage) -> Stage:
        if self.regularisation is None:
            return stage
        return replace(stage, prepare=_beside(Regularised(self.regularisation), stage.prepare))

    def _quantising(self) -> tuple[Transform, ...]:
        """One after the other, trained after each."""
        if self.quantisation is None:
            return ()
        if self.gradual is not None:
            return tuple(Descent(self.quantisation, self.gradual).transforms())
        if self.post_training is not None:
            return (partial(_quantise_trained, self.quantisation, self.post_training),)
        return (partial(_quantise, self.quantisation),)


def _quantise(quantisation: Recipe, model: nn.Module, examples: Images) -> nn.Module:
    return quantise(model, quantisation, examples.real)


def _quantise_trained(
    quantisation: Recipe, how: PostTraining, model: nn.Module, examples: Images
) -> nn.Module:
    return quantise_trained(model, quantisation, how, examples.real)


def _beside(companion: Companion, prepare: Prepare) -> Prepare:
    def both(model: nn.Module, examples: Images) -> Companion:
        return Together((prepare(model, examples), companion))

    return both


def _fold(model: nn.Module, examples: Images) -> nn.Module:
    assert isinstance(model, fx.GraphModule)
    return fold_batch_norms(model)
