"""The float weights of another run, which a run starts from instead of training them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from twofold.errors import UserError
from twofold.train.checkpoint import Checkpoint
from twofold.train.key import digest_of_weights
from twofold.train.recipe import TrainRecipe
from twofold.train.result import checkpoint_path
from twofold.train.stage import FLOAT


def key_from(start: Path, folder: Path, recipe: TrainRecipe, key_of: Callable[[str], str]) -> str:
    """The key of the run in `folder` that starts from the run in `start`.

    key_of: digest of the float weights → the run's key. The weights count and not where they are: the folder
    may be moved, and one that was trained anew makes another run. Where it is gone, a run that took its
    weights before goes on. Raises UserError for a recipe without a float stage, and if there is nothing to
    start from.
    """
    if recipe.from_scratch:
        raise UserError(f"start: expected a recipe with a float stage, {recipe.name} starts from scratch")
    other, own = checkpoint_path(start), checkpoint_path(folder)
    if not other.is_file() and own.is_file():
        begun = Checkpoint.read(own)
        if FLOAT in begun.finished and key_of(digest_of_weights(begun.finished[FLOAT])) == begun.key:
            return begun.key
    return key_of(digest_of_weights(Checkpoint.read(other).stage(FLOAT)))


def take_float(checkpoint: Checkpoint, start: Path, network: nn.Module) -> None:
    """The float stage from the run in `start`, unless the run of `checkpoint` has begun already."""
    if not checkpoint.finished:
        checkpoint.take_from(checkpoint_path(start), FLOAT, network.state_dict())
