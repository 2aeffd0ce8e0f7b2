"""Criteria by the words that recipes use."""

from __future__ import annotations

from enum import StrEnum

from twofold.prune.criteria.batch_norm_scale import BatchNormScale
from twofold.prune.criteria.criterion import Criterion
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.criteria.geometric_median import GeometricMedian
from twofold.prune.criteria.global_local import GlobalLocal
from twofold.prune.criteria.influence import Influence
from twofold.prune.criteria.taylor import Taylor


class CriterionName(StrEnum):
    """`[pruning] criterion` of a recipe."""

    GEOMETRIC_MEDIAN = "geometric-median"
    L1 = "l1"
    L2 = "l2"
    BATCH_NORM_SCALE = "batch-norm-scale"
    TAYLOR = "taylor"
    GLOBAL_LOCAL = "global-local"
    INFLUENCE = "influence"


def criterion_named(name: CriterionName) -> Criterion:
    match name:
        case CriterionName.GEOMETRIC_MEDIAN:
            return GeometricMedian()
        case CriterionName.L1:
            return FilterNorm(1)
        case CriterionName.L2:
            return FilterNorm(2)
        case CriterionName.BATCH_NORM_SCALE:
            return BatchNormScale()
        case CriterionName.TAYLOR:
            return Taylor()
        case CriterionName.GLOBAL_LOCAL:
            return GlobalLocal()
        case CriterionName.INFLUENCE:
            return Influence()
