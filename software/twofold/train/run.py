"""`train`: from a data set and a recipe's name to a trained model in a folder."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, fx, nn

from twofold.data.dataset import Dataset
from twofold.metrics import accuracy, layer_costs
from twofold.models.demo import DemoNet
from twofold.progress import SILENT, Progress
from twofold.qonnx.export import export
from twofold.qonnx.freeze import FrozenModel, freeze
from twofold.quant.convert import quantise
from twofold.train.checkpoint import Checkpoint
from twofold.train.loop import fit, predict
from twofold.train.measure import measure
from twofold.train.recipes import FLOAT, PRUNED, Budget, Stage, TrainRecipe, recipe_named
from twofold.train.result import (
    Metrics,
    TrainResult,
    checkpoint_path,
    is_exported,
    onnx_path,
    write_metrics,
)

#: Training images that scales and statistics are initialised from.
EXAMPLES = 512
#: Images for trying whether a network can be quantised.
_PROBES = 16
#: Images of fewer values than this train faster on one thread.
_SMALL_IMAGE = 256


def train(
    recipe_name: str,
    dataset: Dataset,
    folder: Path,
    seed: int = 0,
    progress: Progress = SILENT,
    model: nn.Module | None = None,
    budget: Budget | None = None,
) -> TrainResult:
    """Trains, compresses, freezes and exports; writes checkpoint.pt, model.onnx and metrics.json to `folder`.

    recipe_name: apot or int8. model: a float network of the supported layers, the demo network if None; it is
    not changed. budget: epochs of each stage, chosen by the size of the data set if None.
    A second call with the same inputs reuses what is finished, and goes on where a killed run stopped,
    at most one epoch back. Test images are only used to report.
    Raises UserError for an unknown recipe, layers that cannot be quantised, and training that diverges.
    """
    recipe = recipe_named(recipe_name)
    budget = budget or Budget.for_images(len(dataset.train))
    example = dataset.train.take(slice(EXAMPLES)).real
    with _own_generator(seed), _threads(dataset):
        network = copy.deepcopy(model) if model is not None else _demo_network(dataset)
        _refuse_unsupported(network, recipe, example)
        key = _key(recipe, dataset, seed, network, budget)
        checkpoint = Checkpoint.open(checkpoint_path(folder), key)
        baseline = layer_costs(network, example)
        stage_accuracy: dict[str, float] = {}
        for stage in list(recipe.stages(network, budget)):
            network = _run_stage(stage, network, example, dataset, seed, progress, checkpoint)
            if stage.name in (FLOAT, PRUNED):
                stage_accuracy[stage.name] = accuracy(predict(network, dataset.test), dataset.test.labels)
        assert isinstance(network, fx.GraphModule)
        frozen = freeze(network, example)
        metrics = measure(recipe, dataset, seed, frozen, baseline, stage_accuracy, example)
        _export_once(frozen, example, folder, key, metrics)
    return TrainResult(folder, metrics, frozen)


def _refuse_unsupported(network: nn.Module, recipe: TrainRecipe, example: Tensor) -> None:
    """Raises UserError for a layer that cannot be quantised, before anything is trained."""
    quantise(network, recipe.quantisation, example[:_PROBES])


def _run_stage(
    stage: Stage,
    network: nn.Module,
    example: Tensor,
    dataset: Dataset,
    seed: int,
    progress: Progress,
    checkpoint: Checkpoint,
) -> nn.Module:
    network = stage.transform(network, example)
    if stage.name in checkpoint.finished:
        network.load_state_dict(checkpoint.finished[stage.name])
        return network.eval()
    with progress.task(f"train {stage.name}", total=stage.settings.epochs) as advance:
        fit(
            network,
            dataset,
            stage.settings,
            seed,
            advance,
            checkpoint.state_of(stage.name),
            lambda state: checkpoint.save_running(stage.name, state),
        )
    checkpoint.save_finished(stage.name, network.state_dict())
    return network


def _export_once(frozen: FrozenModel, example: Tensor, folder: Path, key: str, metrics: Metrics) -> None:
    if is_exported(folder, key, metrics):
        return
    described = {
        "recipe": metrics.recipe,
        "dataset": metrics.dataset,
        "seed": str(metrics.seed),
        **{f"accuracy.{name}": f"{value:.2f}" for name, value in metrics.accuracy.as_json().items()},
    }
    export(frozen, example, onnx_path(folder), described)
    write_metrics(folder, key, metrics)


def _demo_network(dataset: Dataset) -> DemoNet:
    return DemoNet(channels=dataset.image_shape[0], classes=dataset.classes)


def _key(recipe: TrainRecipe, dataset: Dataset, seed: int, model: nn.Module, budget: Budget) -> str:
    digest = hashlib.sha256()
    for part in (version("twofold"), recipe, dataset.name, dataset.fingerprint, seed, model, budget):
        digest.update(repr(part).encode() + b"\0")
    for name, value in model.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _own_generator(seed: int) -> Iterator[None]:
    """Seeds PyTorch's global generator and restores it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def _threads(dataset: Dataset) -> Iterator[None]:
    """One thread for small images; the number of before afterwards."""
    before = torch.get_num_threads()
    if math.prod(dataset.image_shape) < _SMALL_IMAGE:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
