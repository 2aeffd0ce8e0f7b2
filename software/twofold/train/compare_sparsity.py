"""One trained network with more and more of its weights set to 0, before and after fine-tuning."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from twofold.data.dataset import Dataset, Images
from twofold.errors import UserError
from twofold.files import write_atomically
from twofold.metrics import accuracy
from twofold.progress import SILENT, Progress
from twofold.prune.schedule import UnstructuredPruning
from twofold.prune.unstructured import zero_masks, zero_smallest
from twofold.report.training import Series, sparsity_curves
from twofold.train.checkpoint import Checkpoint
from twofold.train.companion import KeptZeros
from twofold.train.fine_tune import fine_tune
from twofold.train.journal import disk_errors_told
from twofold.train.key import digest_of
from twofold.train.ledger import Ledger
from twofold.train.loop import predict
from twofold.train.reproducible import own_generator, threads_for
from twofold.train.result import checkpoint_path

#: Of the table "Weights pruned one by one by magnitude" in `twofold.tables.published`.
RATIOS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class SparsityRow:
    """ratio: share of each layer's weights that is 0. Accuracies in percent.

    before, after: of fine-tuning, on the validation part; test_before, test_after: on the test part.
    """

    ratio: float
    before: float
    after: float
    test_before: float
    test_after: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_sparsity(
    network: nn.Module,
    dataset: Dataset,
    folder: Path,
    ratios: Sequence[float] = RATIOS,
    epochs: int = 0,
    seed: int = 0,
    progress: Progress = SILENT,
) -> tuple[SparsityRow, ...]:
    """A row for each ratio: the smallest weights of each layer are 0, and stay 0 in `epochs` of fine-tuning.

    network: a trained float network, which is not changed. folder: keeps sparsity.json and checkpoint.pt,
    with which a second call goes on where the first one was stopped; sparsity.svg there is the plot.
    Raises UserError out of range, and if the folder holds another comparison.
    """
    if epochs < 0:
        raise UserError(f"epochs: expected at least 0, got {epochs}")
    comparison = _Comparison(network.eval(), dataset, folder, epochs, seed)
    kinds = [UnstructuredPruning(ratio) for ratio in ratios]
    with (
        own_generator(seed),
        threads_for(dataset),
        progress.task("zero weights", total=len(kinds)) as advance,
    ):
        rows = []
        for pruning in kinds:
            rows.append(comparison.row(pruning.ratio, progress))
            advance(1, f"{100 * pruning.ratio:.6g}%: {rows[-1].after:.2f}%")
    with disk_errors_told():
        write_atomically(folder / "sparsity.svg", sparsity_curves(_series(rows, epochs)))
    return tuple(rows)


def _series(rows: Sequence[SparsityRow], epochs: int) -> Series:
    """Name → (ratio, test accuracy)."""
    series = {"not fine-tuned": [(row.ratio, row.test_before) for row in rows]}
    if epochs:
        series["fine-tuned"] = [(row.ratio, row.test_after) for row in rows]
    return series


class _Comparison:
    def __init__(self, network: nn.Module, dataset: Dataset, folder: Path, epochs: int, seed: int) -> None:
        self.network, self.dataset, self.epochs, self.seed = network, dataset, epochs, seed
        key = digest_of([epochs, seed, dataset.name, dataset.fingerprint, network], [network])
        self.ledger = Ledger.open(folder / "sparsity.json", key)
        self.checkpoint = Checkpoint.open(checkpoint_path(folder), key)

    def row(self, ratio: float, progress: Progress) -> SparsityRow:
        name = str(ratio)
        if name not in self.ledger.rows:
            self.ledger.add(name, self._measured(name, ratio, progress).as_json())
        return SparsityRow(**self.ledger.rows[name])

    def _measured(self, name: str, ratio: float, progress: Progress) -> SparsityRow:
        pruned = copy.deepcopy(self.network)
        zero_smallest(pruned, ratio)
        before = after = self._accuracies(pruned)
        if self.epochs:
            kept = KeptZeros(zero_masks(pruned))
            fine_tune(name, pruned, self.dataset, self.epochs, self.seed, self.checkpoint, progress, kept)
            after = self._accuracies(pruned)
        return SparsityRow(ratio, before[0], after[0], before[1], after[1])

    def _accuracies(self, model: nn.Module) -> tuple[float, float]:
        """On the validation and the test part."""
        validation, test = (self._accuracy(model, part) for part in self.dataset.parts[1:])
        return validation, test

    def _accuracy(self, model: nn.Module, images: Images) -> float:
        return accuracy(predict(model, images), images.labels)
