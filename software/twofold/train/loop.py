"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.data.dataset import Dataset, Images
from twofold.errors import UserError
from twofold.metrics import accuracy
from twofold.progress import Advance
from twofold.train.settings import Fit

_EVALUATION_BATCH = 512
_EPOCHS_A_SEED = 100_003


@dataclass
class FitState:
    """Where a run is after `epoch` epochs: enough to go on as if it had not stopped.

    best_score: (accuracy in percent, negative loss) on the validation part of the epoch that `best` is from.
    """

    epoch: int = 0
    model: Mapping[str, Any] = field(default_factory=dict)
    optimiser: Mapping[str, Any] = field(default_factory=dict)
    best: Mapping[str, Any] = field(default_factory=dict)
    best_score: tuple[float, float] = (-1.0, 0.0)


def fit(
    model: nn.Module,
    dataset: Dataset,
    settings: Fit,
    seed: int,
    advance: Advance,
    state: FitState | None = None,
    save: Callable[[FitState], None] = lambda state: None,
) -> None:
    """Trains `model` in place; it ends in evaluation mode with the weights that were best in validation.

    The same seed gives the same weights, also when `state`, an earlier call's last argument to `save`,
    takes a run up again. Changes the global generator; advances by one for each epoch.
    Raises UserError when the loss or its gradient is no longer finite.
    """
    state = state or FitState()
    optimiser = settings.optimiser.build(model.parameters())
    if state.epoch:
        model.load_state_dict(state.model)
        optimiser.load_state_dict(dict(state.optimiser))
        advance(state.epoch)
    for epoch in range(state.epoch, settings.epochs):
        torch.manual_seed(seed * _EPOCHS_A_SEED + epoch)
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate(epoch)
        _train_epoch(model, dataset.train, settings, optimiser, epoch)
        score = _score(model, dataset.validation)
        if score >= state.best_score:
            state.best, state.best_score = _copied(model), score
        state.epoch, state.model, state.optimiser = epoch + 1, _copied(model), optimiser.state_dict()
        save(state)
        advance(1, f"validation {score[0]:.1f}%")
    model.load_state_dict(state.best)
    model.eval()


def _train_epoch(
    model: nn.Module, images: Images, settings: Fit, optimiser: torch.optim.Optimizer, epoch: int
) -> None:
    model.train()
    for index in torch.randperm(len(images)).split(settings.batch):
        if len(index) == 1:
            continue  # batch normalisation has no statistics of one image
        batch = images.take(index)
        loss = F.cross_entropy(model(settings.augmentation(batch.real)), batch.labels)
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_norm)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise UserError(
                f"training diverged in epoch {epoch + 1}: loss {float(loss.detach())}, gradient "
                f"{float(norm)}; use a learning rate below {settings.optimiser.learning_rate}"
            )
        optimiser.step()


def predict(model: nn.Module, images: Images) -> Tensor:
    """Logits [N, classes] in evaluation mode; the model's mode is restored."""
    training = model.training
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(batch.real) for batch in images.batches(_EVALUATION_BATCH)])
    model.train(training)
    return logits


def _score(model: nn.Module, images: Images) -> tuple[float, float]:
    logits = predict(model, images)
    return accuracy(logits, images.labels), -float(F.cross_entropy(logits, images.labels))


def _copied(model: nn.Module) -> Mapping[str, Any]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
