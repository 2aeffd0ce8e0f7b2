"""A finished run's model without the data that it was trained on."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, fx, nn

from twofold.data.dataset import Images
from twofold.errors import UserError
from twofold.network.digest import digest
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.importer.load import import_model
from twofold.quant.any_layout import in_any_layout
from twofold.quant.apot import load_weights
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.recipe_file import recipe_named
from twofold.train.result import checkpoint_path, metrics_path, onnx_path
from twofold.train.settings import Fit

#: Images that networks are converted with; what they calibrate is overwritten.
_NOISE_IMAGES = 32
#: Nothing is trained.
_ANY_BUDGET = Budget(Fit(1), Fit(1), Fit(1), Fit(1))


def restore(folder: Path, recipe_name: str, model: nn.Module, image_shape: Sequence[int]) -> nn.Module:
    """The network as the run in `folder` left it, in evaluation mode, ready to be frozen.

    recipe_name: the run's recipe; model: a network of the run's kind, unpruned, with any weights; it is not
    changed. image_shape: [C, H, W] of the data, which has no values below 0. Raises UserError if the run is
    not finished or was one of another recipe or network, or if the network has other integers than the
    model.onnx of the folder.
    """
    path, recipe = checkpoint_path(folder), recipe_named(recipe_name)
    finished = Checkpoint.read(path).finished
    stages = list(recipe.stages(model, _ANY_BUDGET))
    last = stages[-1].name
    if last not in finished:
        raise UserError(
            f"{path}: expected a run of recipe {recipe.name} that has finished {last}, it has not"
        )
    noise = _noise(image_shape)
    network = in_any_layout(copy.deepcopy(model), noise.real)
    for stage in stages:
        network = stage.transform(network, noise)
        if stage.name not in finished:
            continue
        try:
            load_weights(network, finished[stage.name])
        except RuntimeError as error:
            raise UserError(
                f"{path}: expected weights of recipe {recipe.name} for this network, found others"
            ) from error
    if onnx_path(folder).is_file():
        _check_integers(network.eval(), noise.real, onnx_path(folder))
    return network.eval()


def _check_integers(network: nn.Module, images: Tensor, written: Path) -> None:
    """Scales that became constants before the last stage are not among its weights: raises UserError if
    those of the restored network are others than the run wrote."""
    assert isinstance(network, fx.GraphModule)
    with tempfile.TemporaryDirectory() as folder:
        again = onnx_path(Path(folder))
        export(freeze(network, images), images, again)
        if digest(import_model(again)) != digest(import_model(written)):
            raise UserError(
                f"{written}: expected the integers of its run's weights, got others; with free scales, or "
                "one a filter, give the run's own folder with all stages' weights, not what was packed of it"
            )


def _noise(image_shape: Sequence[int]) -> Images:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (_NOISE_IMAGES, *image_shape), generator=generator, dtype=torch.uint8)
    return Images(pixels, torch.zeros(_NOISE_IMAGES, dtype=torch.int64), 255)


def pack(folder: Path, target: Path) -> None:
    """Copies what `restore` and every backend need of a run: the last stage's weights, model and figures.

    Raises UserError if the run is not finished.
    """
    whole = Checkpoint.read(checkpoint_path(folder))
    if whole.running is not None or not whole.finished:
        raise UserError(f"{checkpoint_path(folder)}: expected a run that is finished, found one under way")
    last = list(whole.finished)[-1]
    target.mkdir(parents=True, exist_ok=True)
    slim = Checkpoint(checkpoint_path(target), whole.key, history=whole.history)
    slim.save_finished(last, whole.finished[last], whole.history[last])
    for path in (onnx_path(folder), metrics_path(folder)):
        if path.is_file():
            shutil.copy(path, target / path.name)
