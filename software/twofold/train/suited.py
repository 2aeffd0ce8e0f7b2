"""Whether a network can go all the way that a recipe has for it, found out before anything is trained."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.parametrize import is_parametrized

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.prune.prunable import Prunable
from twofold.prune.remove import widths
from twofold.prune.schedule import ListedPruning, UnstructuredPruning
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.freeze_grids import ValuesError
from twofold.qonnx.importer.load import import_graph
from twofold.qonnx.read import read_model
from twofold.quant.convert import quantise
from twofold.quant.model_check import check_takes, copied
from twofold.train.recipe import TrainRecipe


def refuse_unsuited(network: nn.Module, recipe: TrainRecipe, dataset: Dataset, example: Tensor) -> None:
    """Raises UserError for a network of other images or too few classes, for a layer that cannot be quantised
    or exported, and, where filters are to be pruned, for a network without any and for filters that cannot be
    removed.
    """
    logits = check_takes(network, example[:1])
    if logits.ndim != 2 or logits.shape[1] < dataset.classes:
        raise UserError(
            f"{type(network).__name__}: expected logits [images, {dataset.classes}], one for each class of "
            f"{dataset.name}, got {list(logits.shape)} for one image"
        )
    if recipe.quantisation is not None:
        quantised = quantise(network, recipe.quantisation, example)
        if recipe.gives_integers:
            with torch.random.fork_rng(devices=[]), _named(f"{type(network).__name__}: cannot be exported"):
                _refuse_unexportable(quantised.eval(), example)
    if recipe.pruning and not isinstance(recipe.pruning, UnstructuredPruning):
        _refuse_unprunable(copied(network), recipe, example)


def _refuse_unprunable(network: nn.Module, recipe: TrainRecipe, example: Tensor) -> None:
    for name, module in network.named_modules():
        if is_parametrized(module):
            raise UserError(
                f"{name}: expected weights that filters can be removed from, found weights that are computed "
                "from others; call remove_parametrizations before, or choose a recipe that prunes no filters"
            )
    producers = Prunable.of(network, example).producers
    if not producers:
        raise UserError(
            f"{type(network).__name__}: expected convolutions, whose filters recipe {recipe.name} prunes, "
            "found none; choose a recipe that prunes no filters, such as int8, or a copy without [pruning]"
        )
    if isinstance(recipe.pruning, ListedPruning):
        for name in sorted(widths(network).keys() & recipe.pruning.keep.keys() - set(producers)):
            raise UserError(
                f"pruning keep: {name}: expected layers that can lose filters, {', '.join(producers)}; leave "
                "it out, its channels are the network's logits or go with the images'"
            )


def _refuse_unexportable(quantised: fx.GraphModule, example: Tensor) -> None:
    """What the values of untrained weights do not allow is left to those of trained ones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "untrained.onnx"
        try:
            export(freeze(quantised, example), example, path)
        except ValuesError:
            return
        import_graph(read_model(path), path.stem)


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Inside, errors begin with what they are about."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
