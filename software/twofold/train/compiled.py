"""A model's forward pass, compiled where that pays."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

_WHAT_COMPILING_NEEDS = "a C++ compiler and Python's header files"


class Eager:
    """The model itself."""

    reason = ""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __call__(self, images: Tensor) -> Tensor:
        return self.model(images)


class Compiled:
    """`torch.compile` of a model for batches of exactly `batch` images; others go through the model itself.

    The model keeps its parameters and their names, and its gradients come as if it had been called. One size
    of batch is one compilation; a second one, or one of any size, would cost more than an epoch's last batch.
    Where compiling fails, the model itself computes on, and `reason` tells why.
    """

    def __init__(self, model: nn.Module, batch: int) -> None:
        self.model, self.batch, self.reason = model, batch, ""
        self._compiled: Callable[[Tensor], Tensor] = torch.compile(model, dynamic=False)

    def __call__(self, images: Tensor) -> Tensor:
        if len(images) != self.batch or self.reason:
            return self.model(images)
        try:
            return self._compiled(images)
        except torch._dynamo.exc.TorchDynamoException as error:
            self.reason = f"not compiled, which needs {_WHAT_COMPILING_NEEDS}: {_cause(error)}"
            return self.model(images)


Forward = Eager | Compiled


def _cause(error: BaseException) -> str:
    """The first line of what a compiler's error wraps."""
    inner = getattr(error, "inner_exception", error)
    return (str(inner).splitlines() or [type(inner).__name__])[0]
