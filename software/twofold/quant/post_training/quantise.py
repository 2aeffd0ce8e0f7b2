"""A trained float network becomes a quantised one, without training."""

from __future__ import annotations

import torch
from brevitas.graph.calibrate import bias_correction_mode
from torch import Tensor, fx, nn

from twofold.errors import UserError
from twofold.quant.convert import quantise
from twofold.quant.fold import fold_batch_norms
from twofold.quant.post_training.calibrate import calibrate_activations
from twofold.quant.post_training.dynamic import with_dynamic_activations, with_float_activations
from twofold.quant.post_training.fused import equalised, fused
from twofold.quant.post_training.settings import Activations, PostTraining, Source
from twofold.quant.post_training.synthetic import synthesised
from twofold.quant.post_training.zero_point import give_zero_points
from twofold.quant.recipe import Int, Recipe

_BATCH = 64


def quantise_trained(
    model: nn.Module, recipe: Recipe, settings: PostTraining, images: Tensor
) -> fx.GraphModule:
    """A quantised copy of `model` in evaluation mode, batch normalisation folded.

    Batch normalisation goes into the weights first, so that ranges are those of the weights that are
    quantised. images: [N, C, H, W] of the training part; of synthetic ones only the shape is looked at, and
    that none is below 0. Static activations give a model that can be frozen.
    Raises UserError for levels that are no integers, for networks that `quantise` refuses, and for synthetic
    images where the data has values below 0.
    """
    if not isinstance(recipe, Int):
        raise UserError(
            f'post_training: expected [quantisation] levels = "int", got {type(recipe).__name__}; '
            "other levels need training"
        )
    if settings.images is Source.SYNTHETIC:
        if len(images) and images.min() < 0:
            raise UserError(
                "synthetic images: expected data of values from 0 to 1, which is what they have, got "
                f'{float(images.min()):.6g}; use images = "training"'
            )
        images = synthesised(model, images.shape[1:])
    network = fused(model)
    if settings.equalise:
        network = equalised(network)
    quantised = quantise(network, recipe, images).eval()
    match settings.activations:
        case Activations.STATIC:
            calibrate_activations(quantised, settings, images)
            if settings.zero_point:
                give_zero_points(quantised, settings, images)
        case Activations.DYNAMIC:
            quantised = with_dynamic_activations(quantised)
        case Activations.FLOAT:
            quantised = with_float_activations(quantised)
    if settings.correct_bias:
        _correct_biases(quantised, images)
    return fold_batch_norms(quantised) if settings.gives_integers else quantised


@torch.no_grad()
def _correct_biases(model: fx.GraphModule, images: Tensor) -> None:
    """Adds to each bias, in place, the mean by which the quantised weights miss the float weights' sums.

    Both read the same activations (Nagel et al., arXiv 1906.04721, section 4.2, with data). Batches are of
    one size, because Brevitas takes the mean over batches.
    """
    size = max(size for size in range(1, _BATCH + 1) if len(images) % size == 0)
    with bias_correction_mode(model):
        for batch in images.split(size):
            model(batch)
