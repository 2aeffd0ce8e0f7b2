"""One trained network pruned by each criterion at one ratio, before and after fine-tuning."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from twofold.data.dataset import Dataset, Images
from twofold.errors import UserError
from twofold.metrics import accuracy, bops_ratio, layer_costs, size_ratio
from twofold.progress import SILENT, Progress
from twofold.prune.criteria.criterion import Ranking, Scores, ranking
from twofold.prune.criteria.named import CriterionName, criterion_named
from twofold.prune.prunable import Prunable
from twofold.prune.remove import remove_filters
from twofold.prune.schedule import StagedPruning
from twofold.train.checkpoint import Checkpoint
from twofold.train.examples import batches_of, examples_of
from twofold.train.fine_tune import fine_tune
from twofold.train.key import digest_of
from twofold.train.ledger import Ledger
from twofold.train.loop import predict
from twofold.train.reproducible import own_generator, threads_for
from twofold.train.result import checkpoint_path

UNPRUNED = "unpruned"


@dataclass(frozen=True)
class CriteriaSettings:
    """ratio, align: as in `StagedPruning`; epochs: of fine-tuning, 0: none. Raises UserError out of range."""

    ratio: float = 0.3
    align: int = 1
    epochs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        StagedPruning(self.ratio, 1, self.align)
        if self.epochs < 0:
            raise UserError(f"epochs: expected at least 0, got {self.epochs}")


@dataclass(frozen=True)
class CriterionRow:
    """What one criterion leaves. Accuracies in percent.

    scoring_seconds: of wall clock, to score all layers; 0 where nothing is pruned. before, after: of
    fine-tuning, on the validation part; test: on the test part, in the end. size_ratio, bops_ratio: of the
    unpruned network over this one, both in 32 bits.
    """

    criterion: str
    scoring_seconds: float
    before: float
    after: float
    test: float
    size_ratio: float
    bops_ratio: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_criteria(
    network: nn.Module,
    dataset: Dataset,
    folder: Path,
    settings: CriteriaSettings | None = None,
    names: Sequence[CriterionName] = tuple(CriterionName),
    progress: Progress = SILENT,
) -> tuple[CriterionRow, ...]:
    """The unpruned network's row and one for each criterion, in order.

    network: a trained float network, which is not changed. folder: keeps criteria.json and checkpoint.pt,
    with which a second call goes on where the first one was stopped, at most an epoch back. Test images are
    only used to report. Raises UserError if the folder holds another comparison.
    """
    comparison = _Comparison(network, dataset, folder, settings or CriteriaSettings())
    with (
        own_generator(comparison.settings.seed),
        threads_for(dataset),
        progress.task("compare criteria", total=len(names)) as advance,
    ):
        rows = [comparison.unpruned()]
        for name in names:
            rows.append(comparison.row(name, progress))
            advance(1, name)
    return tuple(rows)


class _Comparison:
    def __init__(
        self, network: nn.Module, dataset: Dataset, folder: Path, settings: CriteriaSettings
    ) -> None:
        self.network, self.dataset, self.settings = network.eval(), dataset, settings
        self.examples = examples_of(dataset)
        key = digest_of([settings, dataset.name, dataset.fingerprint, network], [network])
        self.ledger = Ledger.open(folder / "criteria.json", key)
        self.checkpoint = Checkpoint.open(checkpoint_path(folder), key)
        (self.keep,) = StagedPruning(settings.ratio, 1, settings.align).plan(network)

    def unpruned(self) -> CriterionRow:
        if UNPRUNED not in self.ledger.rows:
            before = self._accuracy(self.network, self.dataset.validation)
            test = self._accuracy(self.network, self.dataset.test)
            self.ledger.add(UNPRUNED, CriterionRow(UNPRUNED, 0.0, before, before, test, 1.0, 1.0).as_json())
        return CriterionRow(**self.ledger.rows[UNPRUNED])

    def row(self, name: CriterionName, progress: Progress) -> CriterionRow:
        if name not in self.ledger.rows:
            self.ledger.add(name, self._measured(name, progress).as_json())
        return CriterionRow(**self.ledger.rows[name])

    def _measured(self, name: CriterionName, progress: Progress) -> CriterionRow:
        watch = _Timed(ranking(criterion_named(name), batches_of(self.examples)))
        pruned = remove_filters(self.network, self.examples.real, watch, self.keep)
        before = after = self._accuracy(pruned, self.dataset.validation)
        if self.settings.epochs:
            epochs, seed = self.settings.epochs, self.settings.seed
            fine_tune(name.value, pruned, self.dataset, epochs, seed, self.checkpoint, progress)
            after = self._accuracy(pruned, self.dataset.validation)
        whole, left = (layer_costs(model, self.examples.real) for model in (self.network, pruned))
        return CriterionRow(
            name.value,
            watch.seconds,
            before,
            after,
            self._accuracy(pruned, self.dataset.test),
            size_ratio(whole, left),
            bops_ratio(whole, left),
        )

    def _accuracy(self, model: nn.Module, images: Images) -> float:
        return accuracy(predict(model, images), images.labels)


class _Timed:
    """A ranking that notes how long it takes."""

    def __init__(self, ranking: Ranking) -> None:
        self.ranking, self.seconds = ranking, 0.0

    def __call__(self, network: Prunable) -> Scores:
        start = time.monotonic()
        scores = self.ranking(network)
        self.seconds = time.monotonic() - start
        return scores
