"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.data.dataset import Dataset, Images
from twofold.errors import UserError
from twofold.metrics import accuracy
from twofold.progress import Advance
from twofold.prune.criteria.batch_norm_scale import gamma_penalty
from twofold.quant.apot import load_weights
from twofold.train.companion import NO_COMPANION, Companion
from twofold.train.compute import Compute, to_home
from twofold.train.objective import Objective
from twofold.train.processes import ALONE, Processes
from twofold.train.settings import Fit

_EVALUATION_BATCH = 512
_EPOCHS_A_SEED = 100_003


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave. loss: mean over training images; validation: percent; seconds: of wall clock."""

    loss: float
    validation: float
    learning_rate: float
    seconds: float


@dataclass
class FitState:
    """Where a run is after `epoch` epochs: enough to go on as if it had not stopped.

    best_score: (accuracy in percent, negative loss) on the validation part of the epoch that `best` is from.
    history: an `Epoch` as a dictionary for each finished one.
    """

    epoch: int = 0
    model: Mapping[str, Any] = field(default_factory=dict)
    optimiser: Mapping[str, Any] = field(default_factory=dict)
    best: Mapping[str, Any] = field(default_factory=dict)
    best_score: tuple[float, float] = (-1.0, 0.0)
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def scores(self) -> list[float]:
        """Validation accuracy of each finished epoch."""
        return [epoch["validation"] for epoch in self.history]


@dataclass(frozen=True)
class Surroundings:
    """What a run does not decide itself.

    companion: takes part in each step and epoch. teacher: a network in evaluation mode that the objective
    compares with.
    """

    compute: Compute = field(default_factory=Compute)
    processes: Processes = ALONE
    objective: Objective = field(default_factory=Objective)
    companion: Companion = NO_COMPANION
    teacher: nn.Module | None = None


def fit(
    model: nn.Module,
    dataset: Dataset,
    settings: Fit,
    seed: int,
    advance: Advance,
    state: FitState | None = None,
    save: Callable[[FitState], None] = lambda state: None,
    around: Surroundings | None = None,
) -> FitState:
    """Trains `model` in place; it ends in evaluation mode with the weights that were best in validation.

    The same seed gives the same weights, also when `state`, an earlier call's last argument to `save`,
    takes a run up again. Changes the global generator; advances by one for each epoch. Returns
    the last state. Raises UserError when the loss or its gradient is no longer finite.
    """
    run = _Run(model, dataset, settings, around or Surroundings(), state or FitState())
    if run.state.epoch:
        advance(run.state.epoch)
    for epoch in range(run.state.epoch, settings.epochs):
        note = run.epoch(epoch, seed * _EPOCHS_A_SEED + epoch)
        save(run.state)
        advance(1, note)
    to_home(model)
    load_weights(model, run.state.best)
    model.eval()
    return run.state


class _Run:
    def __init__(
        self, model: nn.Module, dataset: Dataset, settings: Fit, around: Surroundings, state: FitState
    ) -> None:
        self.model, self.settings, self.around, self.state = model, settings, around, state
        if state.epoch:
            load_weights(model, state.model)  # Brevitas makes new parameters, so before the optimiser
        around.compute.place(model)
        self.train, self.validation = map(around.compute.images, (dataset.train, dataset.validation))
        batches = settings.epochs * (len(self.train) // settings.batch)
        own_share = len(around.processes.share(torch.arange(settings.batch)))
        self.forward = around.compute.forward(model, own_share, batches)
        self.objective = around.objective
        if around.teacher is not None:
            around.compute.place(around.teacher)
            taught = around.compute.forward(around.teacher, own_share, batches)
            self.objective = replace(around.objective, teacher=taught)
        self.optimiser = settings.optimiser.build(model.parameters())
        if state.epoch:
            self.optimiser.load_state_dict(dict(state.optimiser))

    def epoch(self, number: int, seed: int) -> str:
        """Trains one epoch, validates, brings the state up to date; returns a note for the user."""
        start = time.monotonic()
        torch.manual_seed(seed)
        self.around.companion.before_epoch(self.model)
        loss = self._train(number, seed)
        rate = len(self.train) / (time.monotonic() - start)
        self.around.processes.average_statistics(self.model)
        self.around.companion.after_epoch(self.model)
        score = _score(self.model, self.validation, self.around.compute)
        spent = time.monotonic() - start
        self._remember(Epoch(loss, score[0], self.optimiser.param_groups[0]["lr"], spent), score)
        note = f"validation {score[0]:.1f}%, {rate:,.0f} images/s"
        note += f", {self.forward.reason}" if self.forward.reason else ""
        left = (self.settings.epochs - number - 1) * spent
        return f"{note}, {_duration(left)} left" if left else note

    def _remember(self, epoch: Epoch, score: tuple[float, float]) -> None:
        state = self.state
        if score >= state.best_score:
            state.best, state.best_score = _copied(self.model), score
        state.history = [*state.history, asdict(epoch)]
        state.epoch, state.model = state.epoch + 1, _copied(self.model)
        state.optimiser = self.optimiser.state_dict()

    def _train(self, number: int, seed: int) -> float:
        """One pass over the training images; returns the mean loss."""
        self.model.train()
        total, processes = torch.zeros(()), self.around.processes
        batches = torch.randperm(len(self.train)).split(self.settings.batch)
        processes.seed_apart(seed)
        for place, index in enumerate(batches):
            own = processes.share(index)
            if len(index) < 2 * processes.count:
                continue  # batch normalisation has no statistics of one image
            self._set_rate(number + place / len(batches))
            loss = self._loss(self.train.take(own))
            self._step(loss, processes.part_of_loss(len(own), len(index)), number)
            total += loss.detach().cpu() * len(index)
        if not all(bool(torch.isfinite(parameter).all()) for parameter in self.model.parameters()):
            raise self._diverged(number, "a weight is no longer finite")
        processes.average([total])
        return float(total) / len(self.train)

    def _set_rate(self, progress: float) -> None:
        rate = self.settings.learning_rate(progress, self.state.scores)
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def _loss(self, batch: Images) -> Tensor:
        moved = replace(batch, pixels=self.settings.augmentation(batch.pixels))
        images = self.around.compute.real(moved)
        with self.around.compute.autocast():
            logits = self.forward(images).float()
            loss = self.objective(logits, batch.labels, images)
            return loss + self._penalties(images, logits, batch.labels)

    def _penalties(self, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        slimming = self.settings.slimming
        shrink = slimming * gamma_penalty(self.model) if slimming else torch.zeros((), device=logits.device)
        other = self.around.companion.penalty(self.model, images, logits, labels)
        return shrink if other is None else shrink + other

    def _step(self, loss: Tensor, part: float, number: int) -> None:
        self.optimiser.zero_grad()
        (loss if part == 1 else loss * part).backward()
        self.around.processes.average_gradients(self.model)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_norm)
        if not torch.isfinite(norm):
            raise self._diverged(number, f"loss {float(loss.detach())}, gradient {float(norm)}")
        self.optimiser.step()
        self.around.companion.after_step(self.model)

    def _diverged(self, number: int, what: str) -> UserError:
        rate = self.settings.optimiser.learning_rate
        return UserError(
            f"training diverged in epoch {number + 1}: {what}; use a learning_rate below {rate} in the "
            "recipe's table of this stage"
        )


def predict(model: nn.Module, images: Images, compute: Compute | None = None) -> Tensor:
    """Float32 logits [N, classes] in evaluation mode, on the CPU; the model's mode is restored."""
    compute = compute or Compute()
    training = model.training
    model.eval()
    with torch.no_grad(), compute.autocast():
        logits = [model(compute.real(batch)).float().cpu() for batch in images.batches(_EVALUATION_BATCH)]
    model.train(training)
    return torch.cat(logits)


def _score(model: nn.Module, images: Images, compute: Compute) -> tuple[float, float]:
    logits, labels = predict(model, images, compute), images.labels.cpu()
    return accuracy(logits, labels), -float(F.cross_entropy(logits, labels))


def _copied(model: nn.Module) -> Mapping[str, Any]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
