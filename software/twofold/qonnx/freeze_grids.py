"""Which grid of numbers each value of a frozen model lies on, and the proof that float32 holds it exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import singledispatch

import brevitas.nn as qnn
import torch
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.apot import ApotActivationQuant
from twofold.quant.calibrate import tensor_quant_of
from twofold.quant.layers import Add, ChannelScale

#: float32 holds every integer up to this magnitude.
EXACT = 1 << 24


@dataclass(frozen=True)
class Grid:
    """Multiples of `lsb`, a power of two, of at most `magnitude` times it.

    lsb, magnitude: float64, [C] or, the same for all channels, [1].
    """

    lsb: Tensor
    magnitude: Tensor

    @classmethod
    def scalar(cls, lsb: float, magnitude: int) -> Grid:
        return cls(torch.tensor([lsb], dtype=torch.float64), torch.tensor([magnitude], dtype=torch.float64))

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


def exact_grid(name: str, module: nn.Module, *operands: Source) -> Grid:
    """The grid of what `module` computes from `operands`.

    Raises UserError, naming the node, if a value or a partial sum may need more than 24 bits, or if
    the operands lie on no common power-of-two grid.
    """
    grid = result_grid(module, name, *operands)
    worst = float(grid.magnitude.max())
    if worst >= EXACT:
        raise UserError(
            f"node {name}: expected values of at most 24 bits, got integers up to {worst:.0f}; "
            "use narrower weights, activations or layers"
        )
    return grid


@singledispatch
def result_grid(module: nn.Module, name: str, *operands: Source) -> Grid:
    raise UserError(f"node {name}: expected a layer of a frozen model, got {type(module).__name__}")


@result_grid.register
def _(module: qnn.QuantIdentity, name: str, *operands: Source) -> Grid:
    scale = float(module.act_quant.scale().detach())
    if math.frexp(scale)[0] != 0.5:
        raise UserError(f"node {name}: expected a scale that is a power of two, got {scale}")
    quantiser = tensor_quant_of(module)
    if isinstance(quantiser, ApotActivationQuant):
        return Grid.scalar(scale, quantiser.levels.largest)
    bits = int(module.act_quant.bit_width())
    return Grid.scalar(scale, 1 << (bits - 1) if module.act_quant.is_signed else (1 << bits) - 1)


def weight_codes(layer: nn.Module) -> tuple[Tensor, float]:
    """Integer weights in float64, in the shape of the weights, and their scale, of a Brevitas layer."""
    quantised = layer.quant_weight()  # type: ignore[operator]
    scale = float(quantised.scale.detach())
    return quantised.value.detach().double() / scale, scale


@result_grid.register(qnn.QuantConv2d)
@result_grid.register(qnn.QuantLinear)
def _(module: nn.Module, name: str, *operands: Source) -> Grid:
    codes, scale = weight_codes(module)
    lsb = scale * operands[0].grid.scale
    sums = codes.abs().flatten(1).sum(1) * operands[0].grid.magnitude.max()
    if module.bias is not None:
        bias = module.bias.detach().double() / lsb  # type: ignore[operator]
        if not torch.equal(bias, bias.round()):
            raise UserError(f"node {name}: expected biases that are multiples of the accumulator's {lsb}")
        sums = sums + bias.abs()
    return Grid(torch.full_like(sums, lsb), sums)


@result_grid.register
def _(module: ChannelScale, name: str, *operands: Source) -> Grid:
    mantissa, exponent = dyadic(module.scale.detach().double().flatten())
    grid = operands[0].grid
    return Grid(grid.lsb * 2.0**exponent, grid.magnitude * mantissa)


def dyadic(values: Tensor) -> tuple[Tensor, Tensor]:
    """Odd mantissas and exponents with `values = mantissa · 2^exponent`; positive float64 of any shape."""
    fraction, exponent = torch.frexp(values)
    mantissa, exponent = fraction * 2.0**53, exponent - 53
    while (even := (mantissa % 2 == 0)).any():
        mantissa = torch.where(even, mantissa / 2, mantissa)
        exponent = exponent + even.to(exponent.dtype)
    return mantissa, exponent


@result_grid.register
def _(module: Add, name: str, *operands: Source) -> Grid:
    a, b = (source.grid for source in operands)
    lsb = torch.minimum(a.lsb, b.lsb)
    return Grid(lsb, a.magnitude * (a.lsb / lsb) + b.magnitude * (b.lsb / lsb))


@result_grid.register
def _(module: nn.AdaptiveAvgPool2d, name: str, *operands: Source) -> Grid:
    """The sum is exact; the quotient is rounded once, too little to move it over a quantiser's threshold.

    A quotient that is no threshold of half an LSB (or of a power-of-two part of one) is at least
    1 / (2 · area) of that away from it, which float32 resolves while sum · 2 · area fits 24 bits.
    """
    grid = operands[0].grid
    area = math.prod(operands[0].shape[2:])
    odd = area // (area & -area)
    magnitude = grid.magnitude * area * (2 * odd if odd > 1 else 1)
    return Grid(grid.lsb / (area // odd), magnitude)


@result_grid.register(nn.ReLU)
@result_grid.register(nn.MaxPool2d)
@result_grid.register(nn.Flatten)
def _(module: nn.Module, name: str, *operands: Source) -> Grid:
    return operands[0].grid
