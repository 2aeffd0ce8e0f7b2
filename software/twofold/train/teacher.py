"""A trained network of another run, to learn from or to prune."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.errors import UserError
from twofold.models.catalogue import NAMES, drawn, network_named
from twofold.train.checkpoint import Checkpoint
from twofold.train.result import checkpoint_path, split_seed_of
from twofold.train.stage import FLOAT


def taught_by(folder: Path, classes: int, channels: int, size: int = 32) -> nn.Module:
    """The float network that a run in `folder` has trained, in evaluation mode.

    classes, channels, size: of the data, and so of the network. The network is that of
    `twofold.models.catalogue` whose weights have the names and shapes of the run's. Raises UserError if the
    run has not finished its float stage, or trained another network.
    """
    path = checkpoint_path(folder)
    finished = Checkpoint.read(path).finished
    if FLOAT not in finished:
        raise UserError(f"{path}: expected a run that has finished the stage {FLOAT}, found another")
    weights = finished[FLOAT]
    found = {name: value.shape for name, value in weights.items()}
    for name in NAMES:
        with torch.device("meta"):
            shapes = network_named(name, classes, channels, size=size).state_dict()
        if found == {key: value.shape for key, value in shapes.items()}:
            network = drawn(name, classes, channels, 0, size=size)
            network.load_state_dict(dict(weights))
            return network.eval()
    raise UserError(
        f"{path}: expected as teacher one of {', '.join(NAMES)} with {classes} classes and {channels} input "
        "channels, found another network; give the folder of a run on the same data"
    )


def float_network(run: Path, data: str, data_folder: Path | None) -> tuple[Dataset, nn.Module]:
    """The data set `data`, split as for the run in folder `run`, and that run's float network.

    Raises UserError as `twofold.data.load.load`, `split_seed_of` and `taught_by` do.
    """
    dataset = load(data, data_folder, split_seed_of(run, data))
    return dataset, taught_by(run, dataset.classes, *dataset.image_shape[:2])
