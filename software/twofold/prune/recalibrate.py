"""Batch normalisation's statistics, measured anew after filters went."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from twofold.prune.groups import ChannelGroup
from twofold.prune.masking import masked_parameters


@torch.no_grad()
def masked_copy(
    model: nn.Module, groups: Sequence[ChannelGroup], removed: Sequence[Sequence[int]]
) -> nn.Module:
    """`model` with the channels in `removed`, a list a group, set to 0."""
    masked = copy.deepcopy(model)
    for name, values in masked_parameters(model, groups, removed).items():
        masked.get_parameter(name).copy_(values)
    return masked


@torch.no_grad()
def recalibrate(model: nn.Module, batches: Sequence[Tensor]) -> None:
    """Sets all running means and variances to those of `batches` of images [N, C, H, W], in place.

    What accuracy a pruned network comes to in fine-tuning shows better with them (Li et al., "EagleEye",
    arXiv 2007.02491, section 3.2). A batch of one image, which has no statistics, is left out beside others.
    The model ends in evaluation mode.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        norm.train()
    device = next(model.parameters()).device
    for images in batches:
        if len(images) > 1 or len(batches) == 1:
            model(images.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
