"""Dual-DDPG global pruning of one trained network, beside uniform pruning at equal bit operations."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.metrics import accuracy, bops_ratio, layer_costs, size_ratio
from twofold.progress import SILENT, Progress
from twofold.prune.criteria.criterion import group_importance, ranking
from twofold.prune.criteria.named import CriterionName, criterion_named
from twofold.prune.prunable import Prunable
from twofold.prune.recalibrate import masked_copy, recalibrate
from twofold.prune.remove import remove_filters, widths
from twofold.prune.schedule import StagedPruning
from twofold.prune.search.costs import WidthCosts
from twofold.prune.search.global_ranking import GlobalRanking, standardised
from twofold.prune.search.search import episodes
from twofold.train.checkpoint import Checkpoint
from twofold.train.examples import batches_of, examples_of
from twofold.train.fine_tune import fine_tune
from twofold.train.key import digest_of
from twofold.train.ledger import Ledger
from twofold.train.loop import predict
from twofold.train.reproducible import own_generator, threads_for
from twofold.train.result import checkpoint_path

UNIFORM, SEARCHED = "uniform", "dual-ddpg"


@dataclass(frozen=True)
class SearchSettings:
    """ratio, align: of the uniform pruning whose bit operations are the budget; criterion: of both.

    episodes: of the search, each judged on the first `images` of the validation part; epochs: of
    fine-tuning, 0: none. Raises UserError out of range.
    """

    ratio: float = 0.3
    align: int = 1
    criterion: CriterionName = CriterionName.L1
    episodes: int = 300
    images: int = 1000
    epochs: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        StagedPruning(self.ratio, 1, self.align)
        if self.episodes < 1 or self.images < 1 or self.epochs < 0:
            raise UserError(
                "filter search: expected at least 1 episode, 1 image and 0 epochs, got "
                f"{self.episodes}, {self.images} and {self.epochs}"
            )


@dataclass(frozen=True)
class WidthRow:
    """A network of chosen widths. Accuracies in percent.

    before: of fine-tuning, after statistics of batch normalisation were measured anew; before, after: on
    the validation part; test: on the test part, in the end. size_ratio, bops_ratio: of the unpruned network
    over this one, both in 32 bits.
    """

    method: str
    widths: Mapping[str, int]
    before: float
    after: float
    test: float
    size_ratio: float
    bops_ratio: float


@dataclass(frozen=True)
class FilterSearch:
    """seconds: of wall clock in all episodes, those of earlier runs of the command too; rows: uniform,
    searched."""

    episodes: int
    seconds: float
    rows: tuple[WidthRow, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def search_filters(
    network: nn.Module,
    dataset: Dataset,
    folder: Path,
    settings: SearchSettings | None = None,
    progress: Progress = SILENT,
) -> FilterSearch:
    """The best widths that the agents find, and uniform ones of no fewer bit operations.

    network: a trained float network, which is not changed. folder: keeps filters.json, with what every
    choice of widths came to, and checkpoint.pt; a second call goes on where the first one was stopped. Test
    images are only used to report. Raises UserError if the folder holds another search, and if
    stable-baselines3 is missing.
    """
    search = _Search(network.eval(), dataset, folder, settings or SearchSettings())
    with own_generator(search.settings.seed), threads_for(dataset):
        best = search.best(progress)
        seconds = sum(row.get("seconds", 0.0) for row in search.ledger.rows.values())
        rows = [
            search.row(method, kept, progress)
            for method, kept in ((UNIFORM, search.uniform), (SEARCHED, best))
        ]
    return FilterSearch(search.settings.episodes, seconds, tuple(rows))


class _Search:
    def __init__(self, network: nn.Module, dataset: Dataset, folder: Path, settings: SearchSettings) -> None:
        self.network, self.dataset, self.settings = network, dataset, settings
        self.examples = examples_of(dataset)
        self.judged = dataset.validation.take(slice(settings.images))
        key = digest_of([settings, dataset.name, dataset.fingerprint, network], [network])
        self.ledger = Ledger.open(folder / "filters.json", key)
        self.checkpoint = Checkpoint.open(checkpoint_path(folder), key)
        self.score = ranking(criterion_named(settings.criterion), batches_of(self.examples))
        prunable = Prunable.of(network, self.examples.real)
        self.groups, scores = prunable.groups, self.score(prunable)
        self.whole = layer_costs(network, self.examples.real)
        macs: Counter[str] = Counter()
        for cost in self.whole:
            macs[cost.name] += cost.macs  # a layer may be called twice
        costs = WidthCosts.of(self.groups, widths(network), macs)
        (keep,) = StagedPruning(settings.ratio, 1, settings.align).plan(network)
        self.uniform = tuple(keep[group.producers[0]] for group in self.groups)
        importance = tuple(standardised(group_importance(group, scores)) for group in self.groups)
        self.ranking = GlobalRanking(importance, costs, costs.macs(self.uniform), settings.align)

    def best(self, progress: Progress) -> tuple[int, ...]:
        """Among equal ones the first counts."""
        reference, best = self._judged(self.uniform), (-float("inf"), self.uniform)
        with progress.task("search filters", total=self.settings.episodes) as advance:
            found = episodes(
                self.ranking,
                lambda kept: (self._judged(kept) - reference) / 10,
                self.settings.episodes,
                self.settings.seed,
            )
            for episode in found:
                best = max(best, (episode.reward, episode.kept), key=lambda pair: pair[0])
                advance(1, f"best {reference + 10 * best[0]:.1f}%, uniform {reference:.1f}%")
        return best[1]

    def _judged(self, kept: tuple[int, ...]) -> float:
        """Percent of the judged images, of masked filters, without fine-tuning."""
        name = "-".join(map(str, kept))
        if name not in self.ledger.rows:
            start = time.monotonic()
            masked = masked_copy(self.network, self.groups, self.ranking.removed(kept))
            recalibrate(masked, [images for images, _ in batches_of(self.examples)])
            found = accuracy(predict(masked, self.judged), self.judged.labels)
            self.ledger.add(name, {"accuracy": found, "seconds": time.monotonic() - start})
        return float(self.ledger.rows[name]["accuracy"])

    def row(self, method: str, kept: tuple[int, ...], progress: Progress) -> WidthRow:
        if method not in self.ledger.rows:
            self.ledger.add(method, asdict(self._measured(method, kept, progress)))
        return WidthRow(**self.ledger.rows[method])

    def _measured(self, method: str, kept: tuple[int, ...], progress: Progress) -> WidthRow:
        keep = dict(self._by_layer(kept))
        pruned = remove_filters(self.network, self.examples.real, self.score, keep)
        recalibrate(pruned, [images for images, _ in batches_of(self.examples)])
        before = after = self._validation(pruned)
        if self.settings.epochs:
            epochs, seed = self.settings.epochs, self.settings.seed
            fine_tune(method, pruned, self.dataset, epochs, seed, self.checkpoint, progress)
            after = self._validation(pruned)
        left = layer_costs(pruned, self.examples.real)
        test = accuracy(predict(pruned, self.dataset.test), self.dataset.test.labels)
        ratios = size_ratio(self.whole, left), bops_ratio(self.whole, left)
        return WidthRow(method, keep, before, after, test, *ratios)

    def _validation(self, model: nn.Module) -> float:
        return accuracy(predict(model, self.dataset.validation), self.dataset.validation.labels)

    def _by_layer(self, kept: tuple[int, ...]) -> Iterator[tuple[str, int]]:
        for group, count in zip(self.groups, kept, strict=True):
            for layer in group.producers:
                yield layer, count
