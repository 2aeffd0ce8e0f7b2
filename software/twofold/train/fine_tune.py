"""A few epochs after pruning, that go on after a stop."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from twofold.data.dataset import Dataset
from twofold.progress import Progress
from twofold.train.checkpoint import Checkpoint
from twofold.train.companion import NO_COMPANION, Companion
from twofold.train.compute import Compute
from twofold.train.loop import Surroundings, fit
from twofold.train.recipe import Budget


def fine_tune(
    name: str,
    model: nn.Module,
    dataset: Dataset,
    epochs: int,
    seed: int,
    checkpoint: Checkpoint,
    progress: Progress,
    companion: Companion = NO_COMPANION,
) -> None:
    """In place, as the data set's budget says for pruned stages; `name` is the stage's in the checkpoint."""
    settings = replace(Budget.for_dataset(dataset).pruned, epochs=epochs)
    with progress.task(f"fine-tune {name}", total=epochs) as advance:
        state = fit(
            model,
            dataset,
            settings,
            seed,
            advance,
            checkpoint.state_of(name),
            lambda state: checkpoint.save_running(name, state),
            Surroundings(Compute.for_images(dataset.image_shape), companion=companion),
        )
    checkpoint.save_finished(name, model.state_dict(), state.history)
