"""A training run as a row of the results file."""

from __future__ import annotations

import json

from twofold.data.dataset import Dataset
from twofold.evaluation import evaluate
from twofold.progress import SILENT, Progress
from twofold.qonnx.importer.load import import_model
from twofold.tables.results import ACCURACY, Result
from twofold.train.checkpoint import Checkpoint
from twofold.train.result import PROVENANCE, TrainResult, checkpoint_path, metrics_path


def result_of(
    trained: TrainResult, network: str, dataset: Dataset, command: str, progress: Progress = SILENT
) -> Result:
    """Accuracy: of the exported file, run by the golden model on the test part, or of the network itself
    where not all of it was quantised. Epochs and minutes: of all stages, as many of them as this run trained
    itself. Commit: that of the call that finished the run, "" where an earlier version noted none.
    """
    written = json.loads(metrics_path(trained.folder).read_text())
    history = Checkpoint.open(checkpoint_path(trained.folder), written["key"]).history
    epochs = [epoch for stage in history.values() for epoch in stage]
    metrics = trained.metrics
    figures = {ACCURACY: _accuracy(trained, dataset, progress), **metrics.accuracy.as_json()}
    figures |= {"size_ratio": metrics.size_ratio, "bops_ratio": metrics.bops_ratio, "macs": metrics.macs}
    return Result(
        network,
        metrics.recipe,
        dataset.name,
        command,
        metrics.seed,
        len(epochs),
        round(sum(epoch["seconds"] for epoch in epochs) / 60, 1),
        len(dataset.test),
        figures,
        written.get(PROVENANCE, {}).get("commit", ""),
    )


def _accuracy(trained: TrainResult, dataset: Dataset, progress: Progress) -> float:
    if trained.integer is None:
        return list(trained.accuracy.as_json().values())[-1]
    return evaluate(import_model(trained.onnx), dataset.test, dataset.classes, progress).accuracy
