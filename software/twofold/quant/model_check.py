"""What is asked of a model before it is traced."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from twofold.errors import UserError


def check_takes(model: nn.Module, images: Tensor) -> Tensor:
    """What `model` gives for `images` in evaluation mode. The model is not changed.

    Raises UserError, with the reason, if it does not take images of this shape or gives no tensor.
    """
    check_sized(model)
    twin = copied(model).eval()
    shape = "×".join(map(str, images.shape[1:]))
    wanted = (
        f"{type(model).__name__}: expected a model that takes images of {shape}, one tensor, and gives one, "
        "logits [images, classes]"
    )
    try:
        with torch.no_grad():
            found = twin(images)
    except Exception as error:
        advice = "; let it begin with nn.Flatten()" if _takes(twin, images.flatten(1)) else ""
        raise UserError(f"{wanted}; got {told(error)}{advice}") from error
    if not isinstance(found, Tensor):
        raise UserError(f"{wanted}; it gives a {type(found).__name__}")
    return found


def _takes(model: nn.Module, samples: Tensor) -> bool:
    try:
        with torch.no_grad():
            model(samples)
    except Exception:
        return False
    return True


def check_sized(model: nn.Module) -> None:
    """Raises UserError, naming the layer, for one that waits for its first images to know its size."""
    for name, module in model.named_modules():
        if any(map(is_lazy, (*module.parameters(recurse=False), *module.buffers(recurse=False)))):
            kind = type(module).__name__
            raise UserError(
                f"{name} ({kind}): expected sizes in numbers; write them, or call the network once before"
            )


def copied(model: nn.Module) -> nn.Module:
    """A copy. Raises UserError for a model that PyTorch cannot copy."""
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise UserError(
            f"{type(model).__name__}: expected a model that can be copied, got {told(error)}"
        ) from error


def told(error: Exception) -> str:
    return f"{type(error).__name__}: {first_line(error)}".removesuffix(": ")


def first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")
