"""The words of a recipe that say of which class a section is."""

from __future__ import annotations

from collections.abc import Mapping

from twofold.prune.schedule import (
    JointPruning,
    ListedPruning,
    PseudoPruning,
    QuantisedPruning,
    SoftPruning,
    StagedPruning,
    UnstructuredPruning,
)
from twofold.quant.recipe import Apot, ApotWeights, Int
from twofold.train.options import OPTIMISERS
from twofold.train.regularisation import Kurtosis, QuantisationError
from twofold.train.stage import FLOAT, FOLDED, PRUNED, QUANTISED

STAGES = (FLOAT, PRUNED, QUANTISED, FOLDED)
LEVELS = {"int": Int, "apot": Apot, "apot-weights": ApotWeights}
TERMS = {"quantisation-error": QuantisationError, "kurtosis": Kurtosis}
METHODS = {
    "staged": StagedPruning,
    "listed": ListedPruning,
    "quantised": QuantisedPruning,
    "soft": SoftPruning,
    "joint": JointPruning,
    "pseudo": PseudoPruning,
    "unstructured": UnstructuredPruning,
}
#: Section → its key that has such a word, and the classes.
SELECTORS: Mapping[str, tuple[str, Mapping[str, type]]] = {
    "quantisation": ("levels", LEVELS),
    "pruning": ("method", METHODS),
    "regularisation": ("term", TERMS),
    **dict.fromkeys(STAGES, ("optimiser", OPTIMISERS)),
}
