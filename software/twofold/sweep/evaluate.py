"""A trial: its recipe trained, and what came of it measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from twofold.boards.choose import Prediction
from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.metrics import accuracy
from twofold.models.catalogue import drawn
from twofold.network.graph import Network
from twofold.plan.smallest import smallest
from twofold.progress import SILENT, Progress
from twofold.qonnx.importer.load import import_model
from twofold.sweep.claim import Claim
from twofold.sweep.constraint import NO_ENGINE
from twofold.sweep.float_stage import alone, float_stage
from twofold.sweep.objective import Figures, Objective
from twofold.sweep.point import Point
from twofold.sweep.sweep_file import Sweep
from twofold.train.loop import predict
from twofold.train.measure import frozen_logits
from twofold.train.result import TrainResult
from twofold.train.run import train


@dataclass(frozen=True)
class Measured:
    """folder: of the training run. violation: of the sweep's budget, None if it has none. reason: why no
    engine executes the network, None if one does."""

    folder: Path
    figures: Figures
    violation: float | None
    reason: str | None = None


#: (what to try, progress) → what came of it.
Evaluate = Callable[[Claim, Progress], Measured]


@dataclass(frozen=True, eq=False)
class Training:
    """Trains each recipe in a folder of its own under `out`, all with the same seed; writes its recipe there.

    What a process that died has trained of a recipe is gone on with, if this one sees the same folder.
    teacher: what every trial learns from.
    """

    sweep: Sweep
    dataset: Dataset
    out: Path
    seed: int
    teacher: nn.Module | None

    def __call__(self, claim: Claim, progress: Progress = SILENT) -> Measured:
        """A network that no engine executes is as far beyond the budget as one that fits none.

        Raises UserError for a recipe that cannot be trained.
        """
        result = self._trained(claim, progress)
        measured = Measured(result.folder, self._figures(result), None)
        if not self._needs_engine:
            return measured
        network = import_model(_onnx(result))
        try:
            return self._on_engine(measured, network)
        except UserError as error:
            return replace(measured, violation=NO_ENGINE, reason=str(error))

    def _on_engine(self, measured: Measured, network: Network) -> Measured:
        budget = self.sweep.budget
        best = budget.best(network) if budget is not None else None
        figures = replace(measured.figures, cycles=_cycles(network, best))
        if best is not None:
            figures = replace(figures, engine=best.label, frames_per_second=round(best.frames_per_second, 1))
        return replace(
            measured, figures=figures, violation=budget.violation(best) if budget is not None else None
        )

    @property
    def _needs_engine(self) -> bool:
        return self.sweep.budget is not None or Objective.CYCLES in self.sweep.objectives

    def _trained(self, claim: Claim, progress: Progress) -> TrainResult:
        channels, size, _ = self.dataset.image_shape
        model = drawn(self.sweep.network, self.dataset.classes, channels, self.seed, size=size)
        folder = self.out / claim.point.name
        recipe = str(claim.point.write(folder))
        start = self.sweep.start or self._float_run(claim.point, model, progress)
        return train(
            recipe, self.dataset, folder, self.seed, progress, model, start=start, teacher=self.teacher
        )

    def _float_run(self, point: Point, model: nn.Module, progress: Progress) -> Path | None:
        """The float stage of a point's recipe, trained once for all that have the same."""
        stage = float_stage(point, self.teacher is not None)
        if stage is None:
            return None
        folder = self.out / stage.name
        recipe = str(stage.write(folder))
        with alone(folder):
            train(recipe, self.dataset, folder, self.seed, progress, model, teacher=self.teacher)
        return folder

    def _figures(self, result: TrainResult) -> Figures:
        validation = self.dataset.validation
        frozen = result.integer
        logits = frozen_logits(frozen, validation) if frozen else predict(result.module, validation).numpy()
        tested = list(result.accuracy.as_json().values())[-1]
        return Figures(
            accuracy(logits, validation.labels), tested, result.size_ratio, result.bops_ratio, result.macs
        )


def _onnx(result: TrainResult) -> Path:
    if result.integer is None:
        raise UserError(
            f"recipe {result.metrics.recipe}: expected one that quantises, as the sweep asks for an engine"
        )
    return result.onnx


def _cycles(network: Network, best: Prediction | None) -> int:
    """Of the given engine, of the smallest without one."""
    return best.frame_cycles if best is not None else smallest(network).frame_cycles
