"""What tells one training run from another."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from typing import Any

from torch import Tensor, nn

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.quant.trace import trace
from twofold.train.recipe import Budget, TrainRecipe

#: Settings that came when there were runs already: left out of a key where they have their default, so that
#: those runs go on.
_LATER = {
    ("StagedPruning", "criterion"),
    ("SoftPruning", "criterion"),
    ("Fit", "slimming"),
    ("FitOptions", "slimming"),
    ("TrainRecipe", "from_scratch"),
    ("TrainRecipe", "post_training"),
    ("TrainRecipe", "gradual"),
    ("TrainRecipe", "regularisation"),
    ("Int", "layers"),
    ("Apot", "layers"),
    ("ApotWeights", "layers"),
}


def run_key(
    recipe: TrainRecipe,
    dataset: Dataset,
    seed: int,
    model: nn.Module,
    budget: Budget,
    start: str | None,
    teacher: nn.Module | None,
) -> str:
    """Hex digest of a run's inputs. start: `digest_of_weights` of the float weights that it starts from."""
    inputs = (recipe, dataset.name, dataset.fingerprint, seed, model, budget, start)
    return digest_of(inputs, (model, teacher) if teacher is not None else (model,))


def digest_of(inputs: Iterable[object], networks: Iterable[nn.Module]) -> str:
    """Hex digest of twofold's version, of what `inputs` are and of the weights and the code of `networks`."""
    digest = hashlib.sha256()
    for part in (version("twofold"), *inputs):
        digest.update(described(part).encode() + b"\0")
    for network in networks:
        digest.update(_code_of(network).encode())
        _add_weights(digest, network.state_dict())
    return digest.hexdigest()


def digest_of_weights(weights: Mapping[str, Tensor]) -> str:
    """Hex digest of names and values."""
    digest = hashlib.sha256()
    _add_weights(digest, weights)
    return digest.hexdigest()


def _add_weights(digest: hashlib._Hash, weights: Mapping[str, Tensor]) -> None:
    for name, value in weights.items():
        digest.update(name.encode() + value.numpy().tobytes())


def described(value: object) -> str:
    """`repr(value)`, in which later settings at their defaults are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value).__qualname__
        shown = [field for field in fields(value) if not _is_silent(kind, field, getattr(value, field.name))]
        return f"{kind}({', '.join(f'{f.name}={described(getattr(value, f.name))}' for f in shown)})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {described(part)}" for key, part in value.items()) + "}"
    return repr(value)


def _is_silent(kind: str, field: Any, value: object) -> bool:
    return (kind, field.name) in _LATER and value == field.default


def _code_of(network: nn.Module) -> str:
    """What a network of the user's computes, which may change while its layers stay.

    "" for networks of ours, of which there are runs already, and for those that cannot be traced.
    """
    if type(network).__module__.startswith("twofold.models."):
        return ""
    try:
        return trace(copy.deepcopy(network).eval()).code
    except UserError:
        return ""
