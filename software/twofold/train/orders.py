"""Pruning and quantisation, one after the other or at once, as stages between float and folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from twofold.data.dataset import Images
from twofold.prune.criteria.criterion import Ranking, ranking
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.criteria.named import CriterionName, criterion_named
from twofold.prune.energy import ChannelEnergy
from twofold.prune.prunable import Prunable, WeightsOf, quantised_weights, raw_weights
from twofold.prune.recalibrate import recalibrate
from twofold.prune.remove import remove_filters
from twofold.prune.schedule import (
    JointPruning,
    ListedPruning,
    Pruning,
    PseudoPruning,
    QuantisedPruning,
    SoftPruning,
    StagedPruning,
    UnstructuredPruning,
)
from twofold.prune.soft import soft_mask
from twofold.prune.unstructured import zero_masks, zero_smallest
from twofold.quant.apot import centre_filters
from twofold.quant.trace import quantised_names
from twofold.quant.weighted import keep_normalised_weights, keep_zero_weights, renew_quantisers
from twofold.train.companion import AfterEpoch, Companion, KeptZeros
from twofold.train.examples import batches_of
from twofold.train.joint import JointTraining
from twofold.train.settings import Fit
from twofold.train.stage import MASKED, PRUNED, QUANTISED, Prepare, Stage, Transform, nobody, unchanged
from twofold.train.twin import TwinTraining

T = TypeVar("T")


@dataclass(frozen=True)
class Between:
    """What all orders share.

    quantising: what quantises, in steps that are trained after; none leaves numbers as they are. pruned,
    quantised: how to train; None for not at all.
    """

    quantising: Sequence[Transform]
    pruned: Fit
    quantised: Fit | None

    def stages(self, pruning: Pruning | None, model: nn.Module) -> Iterator[Stage]:
        """Everything between float and folded, for the unpruned `model`."""
        match pruning:
            case None:
                yield from self._quantised()
            case SoftPruning():
                yield from self._soft(pruning)
            case QuantisedPruning():
                yield from self._quantised()
                plan = [_of_quantised(keep, model) for keep in pruning.plan(model)]
                yield from self._removed(plan, pruning.criterion, quantised_weights)
            case StagedPruning() | ListedPruning():
                yield from self._removed(pruning.plan(model), pruning.criterion, raw_weights)
                yield from self._quantised()
            case PseudoPruning():
                yield from self._twins(pruning, model)
                yield from self._quantised()
            case JointPruning():
                yield from self._joint(pruning)
            case UnstructuredPruning():
                yield Stage(PRUNED, _zeroed(pruning.ratio), self.pruned, keep_zeros)
                yield from self._quantised(keep_zero_weights, keep_zeros)

    def _quantised(
        self, then: Callable[[nn.Module], None] = lambda model: None, prepare: Prepare = nobody
    ) -> Iterator[Stage]:
        """then: changes the quantised model, in place, before it is trained."""

        def changed(quantise: Transform) -> Transform:
            def transform(model: nn.Module, examples: Images) -> nn.Module:
                quantised = quantise(model, examples)
                then(quantised)
                return quantised

            return transform

        for name, quantise in numbered(QUANTISED, self.quantising):
            yield Stage(name, changed(quantise), self.quantised, prepare)

    def _removed(
        self, plan: Sequence[Mapping[str, int]], criterion: CriterionName, weights: WeightsOf
    ) -> Iterator[Stage]:
        """A training after each removal; the last stage is PRUNED."""
        for name, keep in numbered(PRUNED, plan):
            yield Stage(name, _remove(criterion, keep, weights), self.pruned)

    def _soft(self, pruning: SoftPruning) -> Iterator[Stage]:
        """SPQ: train quantised with masks drawn anew after each epoch; then remove and train on."""
        (quantise,) = self.quantising
        yield Stage(MASKED, quantise, self.quantised, _masked(pruning))
        yield Stage(PRUNED, _remove_masked(pruning), self.pruned)

    def _twins(self, pruning: PseudoPruning, model: nn.Module) -> Iterator[Stage]:
        """The whole network and the pruned one trained together; then remove and train on."""
        yield Stage(MASKED, unchanged, self.pruned, _twinned(pruning))
        yield Stage(PRUNED, _remove(pruning.criterion, pruning.keep(model), raw_weights), self.pruned)

    def _joint(self, pruning: JointPruning) -> Iterator[Stage]:
        """Quantised training under one loss; then remove what it has emptied, and train on."""
        (quantise,) = self.quantising
        yield Stage(MASKED, quantise, self.quantised, _jointly(pruning))
        yield Stage(PRUNED, _remove_emptied(pruning), self.pruned)


def numbered(name: str, steps: Sequence[T]) -> Iterator[tuple[str, T]]:
    """Names of stages; the last one is `name` itself."""
    for number, step in enumerate(steps, 1):
        yield name if number == len(steps) else f"{name} {number} of {len(steps)}", step


def _of_quantised(keep: Mapping[str, int], model: nn.Module) -> Mapping[str, int]:
    """keep: by the layers' names in `model`, which quantised have others; those that it never calls go."""
    names = quantised_names(model)
    return {names[layer]: count for layer, count in keep.items() if layer in names}


def keep_zeros(model: nn.Module, examples: Images) -> Companion:
    """Weights that are 0 when a stage begins stay 0."""
    return KeptZeros(zero_masks(model))


def _zeroed(ratio: float) -> Transform:
    def transform(model: nn.Module, examples: Images) -> nn.Module:
        zero_smallest(model, ratio)
        return model

    return transform


def _ranked(criterion: CriterionName, examples: Images) -> Ranking:
    return ranking(criterion_named(criterion), batches_of(examples))


def _remove(criterion: CriterionName, keep: Mapping[str, int], weights: WeightsOf) -> Transform:
    def remove(model: nn.Module, examples: Images) -> nn.Module:
        pruned = remove_filters(model, examples.real, _ranked(criterion, examples), keep, weights)
        renew_quantisers(pruned, model)
        return pruned

    return remove


def _masked(pruning: SoftPruning) -> Prepare:
    """Masked filters are of the level 0, also where weights are normalised (`centre_filters`).

    Batch normalisation's statistics follow each mask: those of all filters say little of a masked network.
    """

    def prepare(model: nn.Module, examples: Images) -> Companion:
        ranked = _ranked(pruning.criterion, examples)
        mask = soft_mask(model, examples.real, ranked, pruning.keep(model))
        batches = [images for images, _ in batches_of(examples)]

        def change(trained: nn.Module) -> None:
            mask(trained)
            centre_filters(trained)
            recalibrate(trained, batches)

        return AfterEpoch(change)

    return prepare


def _jointly(pruning: JointPruning) -> Prepare:
    def prepare(model: nn.Module, examples: Images) -> Companion:
        return JointTraining(Prunable.of(model, examples.real).groups, pruning.keep(model), pruning)

    return prepare


def _remove_masked(pruning: SoftPruning) -> Transform:
    """APoT weights that are left are normalised anew, and so jump to other levels.

    With `keep_normalised_weights` they would not: of the demo network on digits (three seeds, ten epochs of
    masks) 72 to 87% of the validation part are right after the removal, not 53 to 74%. But weights that are
    no longer normalised learn worse: six epochs on, 92 to 98% of the test part, not 96 to 99%.
    """

    def remove(model: nn.Module, examples: Images) -> nn.Module:
        pruned = remove_filters(model, examples.real, FilterNorm(2), pruning.keep(model))
        renew_quantisers(pruned, model)
        return pruned

    return remove


def _remove_emptied(pruning: JointPruning) -> Transform:
    """What is left computes as before, but for the little that the removed filters gave."""

    def remove(model: nn.Module, examples: Images) -> nn.Module:
        keep_normalised_weights(model)
        pruned = remove_filters(model, examples.real, ChannelEnergy(), pruning.keep(model))
        renew_quantisers(pruned, model)
        return pruned

    return remove


def _twinned(pruning: PseudoPruning) -> Prepare:
    def prepare(model: nn.Module, examples: Images) -> Companion:
        groups = Prunable.of(model, examples.real).groups
        ranked = _ranked(pruning.criterion, examples)
        return TwinTraining(groups, ranked, pruning.keep(model), pruning.weight)

    return prepare
