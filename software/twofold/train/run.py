"""`train`: from a data set and a recipe's name to a trained model in a folder."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from torch import Tensor, fx, nn

from twofold.data.dataset import Dataset, Images
from twofold.data.features import FEATURES
from twofold.data.split import DATASET, SPLIT_SEED
from twofold.errors import UserError
from twofold.files import remove_unfinished
from twofold.metrics import accuracy, layer_costs
from twofold.models.demo import DemoNet
from twofold.progress import SILENT, Progress
from twofold.qonnx.export import export
from twofold.qonnx.freeze import FrozenModel, freeze
from twofold.quant.any_layout import in_any_layout
from twofold.quant.apot import load_weights
from twofold.quant.model_check import copied
from twofold.train.checkpoint import Checkpoint
from twofold.train.compute import Compute
from twofold.train.examples import examples_of
from twofold.train.journal import NO_JOURNAL, Journal, disk_errors_told
from twofold.train.key import run_key
from twofold.train.loop import FitState, Surroundings, fit, predict
from twofold.train.measure import measure
from twofold.train.objective import Objective
from twofold.train.processes import Processes, joined
from twofold.train.provenance import Provenance
from twofold.train.recipe import Budget, TrainRecipe
from twofold.train.recipe_file import recipe_named
from twofold.train.reproducible import own_generator, threads_for
from twofold.train.result import (
    Metrics,
    TrainResult,
    checkpoint_path,
    is_written,
    metrics_path,
    onnx_path,
    write_metrics,
)
from twofold.train.settings import Fit
from twofold.train.stage import FLOAT, PRUNED, Stage
from twofold.train.start import key_from, take_float
from twofold.train.suited import refuse_unsuited
from twofold.train.teacher import teacher_for

#: Images for trying whether a network can be quantised and exported.
_PROBES = 16


def train(
    recipe_name: Path | str,
    dataset: Dataset,
    folder: Path | str,
    seed: int = 0,
    progress: Progress = SILENT,
    model: nn.Module | None = None,
    budget: Budget | None = None,
    start: Path | str | None = None,
    journal: Journal = NO_JOURNAL,
    teacher: Path | str | nn.Module | None = None,
    command: str | None = None,
) -> TrainResult:
    """Trains, compresses, freezes and exports; writes checkpoint.pt, model.onnx and metrics.json to `folder`.

    recipe_name: one of `recipe_names()` or a .toml file; recipes that do not quantise write no model.onnx.
    model: a float network of the supported layers, the demo network if None; it is not changed.
    budget: epochs of each stage, the recipe's if None. start: the folder of an earlier run of the same
    network on the same data, whose float weights are taken instead of training them; they make the run, not
    the folder's name. journal: is told of each epoch and stage, such as `Pictures` and `TensorBoard`.
    teacher: a trained network that every stage learns from, or the folder of an earlier run of one of
    `twofold.models.catalogue.NAMES`; without one, where the recipe distils, the stages after the float one
    learn from that one. command: what repeats the run, noted in metrics.json.
    A second call with the same inputs reuses what is finished, and goes on where a killed run stopped,
    at most one epoch back; the weights are the same to the bit as without the stop, on the same machine with
    the same number of threads. Test images are only used to report.
    Started by torchrun, all processes train together, each on a GPU of its own if there are GPUs; the first
    one writes and shows progress.
    Raises UserError for an unknown recipe, a model of other images or too few classes, one without
    convolutions where filters are to be pruned, layers that cannot be quantised or exported, a teacher where
    the recipe does not distil, none where there is nothing else to learn from, training that diverges, a
    damaged checkpoint and a full disk.
    """
    recipe, folder = recipe_named(str(recipe_name)), Path(folder)
    start = None if start is None else Path(start)
    budget = budget or recipe.budget(dataset)
    examples = examples_of(dataset)
    example = examples.real
    taught = _teacher(recipe, dataset, teacher, example[:_PROBES])
    compute = Compute.for_images(dataset.image_shape)
    with joined(compute.device) as processes, own_generator(seed), threads_for(dataset):
        provenance = Provenance.now(command, processes)
        network = copied(model) if model is not None else _demo_network(dataset)
        refuse_unsuited(network, recipe, dataset, example[:_PROBES])
        key_of = partial(run_key, recipe, dataset, seed, network, budget, teacher=taught)
        key = key_of(None) if start is None else key_from(start, folder, recipe, key_of)
        network = in_any_layout(network, example[:_PROBES])
        checkpoint = _opened(folder, key, processes)
        if start is not None:
            take_float(checkpoint, start, network)
        baseline = layer_costs(network, example)
        shown = progress if processes.writes else SILENT
        run = _Run(recipe, dataset, examples, seed, shown, checkpoint, compute, processes, journal, taught)
        network, stage_accuracy = run.all_stages(network, budget)
        frozen = _frozen(network, recipe, example)
        metrics = measure(recipe, dataset, seed, network, frozen, baseline, stage_accuracy, example)
        if processes.writes:
            with disk_errors_told(f"the result to {folder}"):
                _write_once(frozen, example, folder, key, metrics, provenance)
        processes.wait()
    return TrainResult(folder, metrics, network, frozen)


def _frozen(network: nn.Module, recipe: TrainRecipe, example: Tensor) -> FrozenModel | None:
    """None if the network is not one of integers everywhere."""
    if not recipe.gives_integers:
        return None
    assert isinstance(network, fx.GraphModule)
    return freeze(network, example)


def _teacher(
    recipe: TrainRecipe, dataset: Dataset, teacher: Path | str | nn.Module | None, example: Tensor
) -> nn.Module | None:
    if teacher is None:
        if recipe.distillation and not recipe.quantisation and not recipe.pruning:
            raise UserError(f"teacher: expected one, as {recipe.name} has no other stage to learn from")
        return None
    if recipe.distillation is None:
        raise UserError(f"teacher: expected a recipe with [distillation], recipe {recipe.name} has none")
    found = copy.deepcopy(teacher) if isinstance(teacher, nn.Module) else teacher_for(dataset, Path(teacher))
    assert found is not None
    return in_any_layout(found.eval(), example).eval()


def _opened(folder: Path, key: str, processes: Processes) -> Checkpoint:
    """The first process opens the file alone, as that can rename it, and removes what killed runs left."""
    path = checkpoint_path(folder)
    if processes.writes:
        checkpoint = Checkpoint.open(path, key)
        for result in (onnx_path(folder), metrics_path(folder)):
            remove_unfinished(result)
    processes.wait()
    if not processes.writes:
        checkpoint = Checkpoint.open(path, key)
    processes.wait()
    return checkpoint


@dataclass
class _Run:
    recipe: TrainRecipe
    dataset: Dataset
    examples: Images
    seed: int
    progress: Progress
    checkpoint: Checkpoint
    compute: Compute
    processes: Processes
    journal: Journal
    teacher: nn.Module | None = None

    def all_stages(self, network: nn.Module, budget: Budget) -> tuple[nn.Module, dict[str, float]]:
        """The model after the last stage, and the accuracy on the test part after float and pruned."""
        stage_accuracy: dict[str, float] = {}
        stages = list(self.recipe.stages(network, budget))
        nothing_to_train = self.processes.writes and stages[-1].name in self.checkpoint.finished
        for stage in stages:
            network = self._stage(stage, network)
            if stage.name in (FLOAT, PRUNED):
                logits = predict(network, self.dataset.test)
                stage_accuracy[stage.name] = accuracy(logits, self.dataset.test.labels)
            if self.teacher is None and self.recipe.distillation is not None:
                self.teacher = copy.deepcopy(network)
        if nothing_to_train:
            self._tell_stage(network)
        return network, stage_accuracy

    def _stage(self, stage: Stage, network: nn.Module) -> nn.Module:
        network = stage.transform(network, self.examples)
        if stage.name in self.checkpoint.finished:
            load_weights(network, self.checkpoint.finished[stage.name])
            return network.eval()
        history = [] if stage.settings is None else self._fit(stage, stage.settings, network)
        if self.processes.writes:
            self.checkpoint.save_finished(stage.name, network.state_dict(), history)
            self._tell_stage(network)
        return network.eval()

    def _fit(self, stage: Stage, settings: Fit, network: nn.Module) -> list[dict[str, float]]:
        """Trains `network` in place; the stage's epochs."""
        with self.progress.task(f"train {stage.name}", total=settings.epochs) as advance:
            state = fit(
                network,
                self.dataset,
                settings,
                self.seed,
                advance,
                self.checkpoint.state_of(stage.name),
                lambda state: self._save(stage.name, state),
                self._surroundings(stage, settings, network),
            )
        return state.history

    def _tell_stage(self, network: nn.Module) -> None:
        with disk_errors_told():
            self.journal.stage(self.checkpoint.history, network, self.dataset.validation)

    def _save(self, stage: str, state: FitState) -> None:
        """To the journal first: what it has of an epoch that the checkpoint has not, it takes back."""
        if self.processes.writes:
            with disk_errors_told():
                self.journal.epoch({**self.checkpoint.history, stage: state.history})
            self.checkpoint.save_running(stage, state)

    def _surroundings(self, stage: Stage, settings: Fit, network: nn.Module) -> Surroundings:
        objective = Objective(settings.smoothing)
        if self.recipe.distillation is not None:
            objective = replace(objective, distillation=self.recipe.distillation)
        return Surroundings(
            self.compute,
            self.processes,
            objective,
            stage.prepare(network, self.examples),
            self.teacher,
        )


def _write_once(
    frozen: FrozenModel | None,
    example: Tensor,
    folder: Path,
    key: str,
    metrics: Metrics,
    provenance: Provenance,
) -> None:
    if is_written(folder, key, metrics):
        return
    if frozen is not None:
        described = {
            "recipe": metrics.recipe,
            DATASET: metrics.dataset,
            SPLIT_SEED: str(metrics.split_seed),
            "seed": str(metrics.seed),
            **{f"accuracy.{name}": f"{value:.2f}" for name, value in metrics.accuracy.as_json().items()},
            **({} if metrics.ranges is None else {FEATURES: metrics.ranges.as_text()}),
        }
        export(frozen, example, onnx_path(folder), described, f"{metrics.dataset}_{metrics.recipe}")
    write_metrics(folder, key, metrics, provenance)


def _demo_network(dataset: Dataset) -> DemoNet:
    return DemoNet(channels=dataset.image_shape[0], classes=dataset.classes)
