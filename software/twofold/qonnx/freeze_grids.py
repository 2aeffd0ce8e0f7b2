"""Which grid of numbers each value of a frozen model lies on, and the proof that float32 holds it exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch

import brevitas.nn as qnn
import torch
from torch import Tensor, fx, nn

from twofold.errors import UserError
from twofold.quant.codes import EXACT, activation_codes, partial_sums
from twofold.quant.dyadic import dyadic
from twofold.quant.layers import Add, ChannelScale, Concat

_LEAST_SCALE = 2.0**-32
"""Brevitas gives a quantiser that has seen nothing but 0 a scale of 1e-10 or less."""


class ValuesError(UserError):
    """The layers are supported, but not with the weights and scales that they have now."""


@dataclass(frozen=True)
class Grid:
    """Multiples of `lsb`, a power of two, from `lo` ≤ 0 to `hi` ≥ 0 times it.

    lsb, lo, hi: float64, [C] or, the same for all channels, [1].
    """

    lsb: Tensor
    lo: Tensor
    hi: Tensor

    @classmethod
    def scalar(cls, lsb: float, lo: int, hi: int) -> Grid:
        return cls(*(torch.tensor([value], dtype=torch.float64) for value in (lsb, lo, hi)))

    @property
    def magnitude(self) -> Tensor:
        """The greatest number of LSBs, either way, [C] or [1]."""
        return torch.maximum(-self.lo, self.hi)

    def times(self, factor: Tensor | float, lsb: Tensor) -> Grid:
        """Of `factor` times as many LSBs, which are worth `lsb` now."""
        return Grid(lsb, self.lo * factor, self.hi * factor)

    @property
    def scale(self) -> float:
        """The one LSB of all channels. Raises ValueError if channels differ."""
        if self.lsb.unique().numel() != 1:
            raise ValueError("expected one scale for all channels, got one each")
        return float(self.lsb[0])


@dataclass(frozen=True)
class Source:
    """An operand of a node: the grid and the shape [N, ...] of its values."""

    grid: Grid
    shape: torch.Size


def operands_of(node: fx.Node, sources: Mapping[fx.Node, Source]) -> list[Source]:
    """Those of a node, in order, as often as it reads them; the images have none."""
    return [sources[read] for read in node.args if isinstance(read, fx.Node) and read in sources]


def exact_grid(name: str, module: nn.Module, *operands: Source) -> Grid:
    """The grid of what `module` computes from `operands`, partial sums included.

    Raises ValuesError, naming the node, if a value or a partial sum may need more than 24 bits, and for
    quantisers and weights of nothing but 0; UserError if the operands lie on no common power-of-two grid.
    """
    grid = result_grid(module, name, *operands)
    worst = float(grid.magnitude.max())
    if worst >= EXACT:
        raise ValuesError(
            f"node {name}: expected values of at most 24 bits, got integers up to {worst:.0f}; "
            "use narrower weights, activations or layers"
        )
    return grid


@singledispatch
def result_grid(module: nn.Module, name: str, *operands: Source) -> Grid:
    raise UserError(f"node {name}: expected a layer of a frozen model, got {type(module).__name__}")


@result_grid.register
def _(module: qnn.QuantIdentity, name: str, *operands: Source) -> Grid:
    codes = activation_codes(module)
    if codes.scale < _LEAST_SCALE:
        raise ValuesError(
            f"node {name}: expected values above 0 to quantise, got none from the images that set its scale; "
            "remove the layers before it, or train with another seed or learning rate"
        )
    if math.frexp(codes.scale)[0] != 0.5:
        raise UserError(f"node {name}: expected a scale that is a power of two, got {codes.scale}")
    return Grid.scalar(codes.scale, codes.lo, codes.hi)


def weight_codes(layer: nn.Module) -> tuple[Tensor, float]:
    """Integer weights in float64, in the shape of the weights, and their scale, of a Brevitas layer."""
    quantised = layer.quant_weight()  # type: ignore[operator]
    scale = float(quantised.scale.detach())
    return quantised.value.detach().double() / scale, scale


@result_grid.register(qnn.QuantConv2d)
@result_grid.register(qnn.QuantLinear)
def _(module: nn.Module, name: str, *operands: Source) -> Grid:
    codes, scale = weight_codes(module)
    if scale < _LEAST_SCALE:
        raise ValuesError(
            f"node {name}: expected weights to quantise, found none but 0; remove the layer, or train with "
            "another seed or learning rate"
        )
    operand = operands[0].grid
    lsb = scale * operand.scale
    bias = torch.zeros(len(codes), dtype=torch.float64)
    if module.bias is not None:
        bias = module.bias.detach().double() / lsb  # type: ignore[operator]
        if not torch.equal(bias, bias.round()):
            raise UserError(f"node {name}: expected biases that are multiples of the accumulator's {lsb}")
    least, greatest = partial_sums(codes, bias, float(operand.lo.min()), float(operand.hi.max()))
    return Grid(torch.full_like(bias, lsb), least, greatest)


@result_grid.register
def _(module: ChannelScale, name: str, *operands: Source) -> Grid:
    mantissa, exponent = dyadic(module.scale.detach().double().flatten())
    grid = operands[0].grid
    return grid.times(mantissa, grid.lsb * 2.0**exponent)


@result_grid.register
def _(module: Add, name: str, *operands: Source) -> Grid:
    a, b = (source.grid for source in operands)
    lsb = torch.minimum(a.lsb, b.lsb)
    return Grid(lsb, a.lo * (a.lsb / lsb) + b.lo * (b.lsb / lsb), a.hi * (a.lsb / lsb) + b.hi * (b.lsb / lsb))


@result_grid.register
def _(module: Concat, name: str, *operands: Source) -> Grid:
    grids = [source.grid for source in operands]
    if len({grid.scale for grid in grids}) > 1:
        raise UserError(
            f"node {name}: expected one scale of all that is joined, got {[grid.scale for grid in grids]}; "
            "quantise it with one shared quantiser"
        )
    lo, hi = min(float(grid.lo.min()) for grid in grids), max(float(grid.hi.max()) for grid in grids)
    return Grid.scalar(grids[0].scale, int(lo), int(hi))


@result_grid.register
def _(module: nn.AdaptiveAvgPool2d, name: str, *operands: Source) -> Grid:
    return _average(operands[0].grid, math.prod(operands[0].shape[2:]))


@result_grid.register
def _(module: nn.AvgPool2d, name: str, *operands: Source) -> Grid:
    kernel = module.kernel_size
    return _average(operands[0].grid, kernel * kernel if isinstance(kernel, int) else math.prod(kernel))


def _average(grid: Grid, area: int) -> Grid:
    """The sum is exact; the quotient is rounded once, too little to move it over a quantiser's threshold.

    A quotient that is no threshold of half an LSB (or of a power-of-two part of one) is at least
    1 / (2 · area) of that away from it, which float32 resolves while sum · 2 · area fits 24 bits.
    """
    odd = area // (area & -area)
    return grid.times(area * (2 * odd if odd > 1 else 1), grid.lsb / (area // odd))


@result_grid.register
def _(module: nn.ReLU, name: str, *operands: Source) -> Grid:
    grid = operands[0].grid
    return Grid(grid.lsb, torch.zeros_like(grid.lo), grid.hi)


@result_grid.register(nn.MaxPool2d)
@result_grid.register(nn.Upsample)
@result_grid.register(nn.Flatten)
def _(module: nn.Module, name: str, *operands: Source) -> Grid:
    return operands[0].grid
