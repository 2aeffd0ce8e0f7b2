"""What compression is measured by: accuracy, model size, MACs and bit operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

FLOAT_BITS = 32
EDGE_BITS = 8


@dataclass(frozen=True)
class LayerCost:
    """A convolution or fully connected layer; biases are not counted. macs: for one frame."""

    name: str
    weights: int
    macs: int
    weight_bits: int = FLOAT_BITS
    activation_bits: int = FLOAT_BITS

    @property
    def bops(self) -> int:
        """Bit operations of one frame: MACs · weight bits · activation bits."""
        return self.macs * self.weight_bits * self.activation_bits

    @property
    def size_bits(self) -> int:
        return self.weights * self.weight_bits


def accuracy(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Share of rows whose largest logit is their label's, in percent. logits: [N, classes]; labels: [N].

    Among equal logits the first counts.
    """
    return float(100 * np.mean(np.argmax(np.asarray(logits), axis=1) == np.asarray(labels)))


def layer_costs(model: nn.Module, example: Tensor) -> tuple[LayerCost, ...]:
    """The costs of every Conv2d and Linear (Brevitas's too) in 32 bits, in order of execution.

    example: images [N, C, H, W]; the first is run.
    """
    costs: list[LayerCost] = []
    names = {module: name for name, module in model.named_modules()}

    def record(module: nn.Module, arguments: tuple[Tensor, ...], result: Tensor) -> None:
        weights = module.weight.numel()  # type: ignore[operator]
        costs.append(LayerCost(names[module], weights, weights * result[0, 0].numel()))

    hooks = [m.register_forward_hook(record) for m in names if isinstance(m, nn.Conv2d | nn.Linear)]
    with torch.no_grad(), _evaluating(model):
        model(example[:1])
    for hook in hooks:
        hook.remove()
    return tuple(costs)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def with_bits(costs: Sequence[LayerCost], weight_bits: int, activation_bits: int) -> tuple[LayerCost, ...]:
    """The same layers quantised: first and last 8 × 8 bits, the others as given."""
    last = len(costs) - 1
    return tuple(
        replace(cost, weight_bits=EDGE_BITS, activation_bits=EDGE_BITS)
        if place in (0, last)
        else replace(cost, weight_bits=weight_bits, activation_bits=activation_bits)
        for place, cost in enumerate(costs)
    )


def with_widths(
    costs: Iterable[LayerCost], widths: Mapping[str, tuple[int | None, int | None]]
) -> tuple[LayerCost, ...]:
    """The same layers with the (weight, activation) bits of their names; None: of a float network."""
    found = []
    for cost in costs:
        weights, activations = widths[cost.name]
        found.append(
            replace(cost, weight_bits=weights or FLOAT_BITS, activation_bits=activations or FLOAT_BITS)
        )
    return tuple(found)


def total_macs(costs: Iterable[LayerCost]) -> int:
    """Multiply-accumulates of one frame."""
    return sum(cost.macs for cost in costs)


def size_ratio(baseline: Iterable[LayerCost], compressed: Iterable[LayerCost]) -> float:
    """Bits of the baseline's weights over bits of the compressed model's."""
    return sum(cost.size_bits for cost in baseline) / sum(cost.size_bits for cost in compressed)


def bops_ratio(baseline: Iterable[LayerCost], compressed: Iterable[LayerCost]) -> float:
    """Bit operations of the baseline over those of the compressed model."""
    return sum(cost.bops for cost in baseline) / sum(cost.bops for cost in compressed)


def megabytes(costs: Iterable[LayerCost]) -> float:
    """Size of the weights in 10^6 bytes."""
    return sum(cost.size_bits for cost in costs) / 8e6
