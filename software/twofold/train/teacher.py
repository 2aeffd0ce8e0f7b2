"""A trained network of another run, to learn from or to prune."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from twofold.data.dataset import Dataset
from twofold.data.load import dataset_name, load
from twofold.errors import UserError
from twofold.models.catalogue import NAMES, drawn, network_named
from twofold.quant.any_layout import in_any_layout
from twofold.train.checkpoint import Checkpoint
from twofold.train.result import checkpoint_path, split_seed_of
from twofold.train.stage import FLOAT


def taught_by(
    folder: Path, classes: int, channels: int, size: int = 32, network: str | None = None
) -> nn.Module:
    """The float network that a run in `folder` has trained, in evaluation mode.

    classes, channels, size: of the data, and so of the network. network: what the run trained, a name of
    `twofold.models.catalogue` or the user's own (`twofold.models.own`); if None, that of the catalogue whose
    weights have the names and shapes of the run's. Raises UserError if the run has not finished its float
    stage, or trained another network.
    """
    path = checkpoint_path(folder)
    finished = Checkpoint.read(path).finished
    if FLOAT not in finished:
        raise UserError(f"{path}: expected a run that has finished the stage {FLOAT}, found another")
    weights = finished[FLOAT]
    name = network or _catalogued(_shapes(weights), classes, channels, size)
    if name is None:
        raise UserError(
            f"{path}: expected one of {', '.join(NAMES)} with {classes} classes and {channels} input "
            "channels, found another network; give the data that it was trained on, and if it is your own, "
            "FILE.py:NAME with --network, of a teacher with --teacher-network"
        )
    found = drawn(name, classes, channels, 0, size=size)
    if _shapes(found.state_dict()) != _shapes(weights):
        raise UserError(f"{path}: expected the weights of {name}, found those of another network")
    found.load_state_dict(dict(weights))
    return found.eval()


def teacher_for(dataset: Dataset, run: Path | None, network: str | None = None) -> nn.Module | None:
    """What networks on `dataset` learn from: `taught_by` the run in folder `run`, None without one.

    Raises UserError as `taught_by`, and for the name of a network without its run.
    """
    if run is not None:
        return taught_by(run, dataset.classes, *dataset.image_shape[:2], network)
    if network is not None:
        raise UserError(f"teacher: expected the run of {network} as well, a folder, got none")
    return None


def _catalogued(shapes: Mapping[str, torch.Size], classes: int, channels: int, size: int) -> str | None:
    for name in NAMES:
        with torch.device("meta"):
            network = network_named(name, classes, channels, size=size)
        if _shapes(network.state_dict()) == shapes:
            return name
    return None


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}


def float_network(
    run: Path, data: str, data_folder: Path | None, network: str | None = None
) -> tuple[Dataset, nn.Module]:
    """The data set `data`, split as for the run in folder `run`, and that run's float network.

    network: as of `taught_by`. Raises UserError as `twofold.data.load.load`, `split_seed_of` and `taught_by`.
    """
    dataset = load(data, data_folder, split_seed_of(run, dataset_name(data, data_folder)))
    found = taught_by(run, dataset.classes, *dataset.image_shape[:2], network)
    return dataset, in_any_layout(found, dataset.train.take(slice(2)).real)
