"""Scales of integer weights that a multiplier M · 2^-n behind the layer can carry exactly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from twofold.network.rounding import MULTIPLIER_BITS
from twofold.quant.codes import Codes, partial_sums
from twofold.quant.dyadic import dyadic, dyadic_above

#: A scale below this share of the layer's largest belongs to a channel that is as good as constant.
NEGLIGIBLE_SCALE = 2.0**-12


@dataclass(frozen=True)
class IntegerLayer:
    """A layer's real weights [O, ...] and bias [O], float64, to be integers from −limit to limit.

    operand: what the weights multiply.
    """

    weight: Tensor
    bias: Tensor
    limit: int
    operand: Codes

    def magnitudes(self, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Greatest partial sums, [O], without and with the bias. scale: of the weight codes, [O] or [1]."""
        columns = scale.reshape(-1, *([1] * (self.weight.dim() - 1)))
        codes = torch.round(self.weight / columns).clamp(-self.limit, self.limit)
        lo, hi = partial_sums(codes, torch.zeros_like(self.bias), self.operand.lo, self.operand.hi)
        products = torch.maximum(-lo, hi)
        return products, products + torch.round(self.bias / (scale * self.operand.scale)).abs()


def sound_scales(wanted: Tensor) -> Tensor:
    """`wanted` [O] or [1] with something usable where a channel has no weights, or none that count."""
    usable = torch.isfinite(wanted) & (wanted > 0)
    largest = wanted[usable].max() if usable.any() else torch.ones((), dtype=wanted.dtype)
    return torch.where(usable, wanted, largest).clamp(min=float(largest) * NEGLIGIBLE_SCALE)


def multiplier_bits(scale: Tensor) -> Tensor:
    """Bits of the mantissas of dyadic scales."""
    mantissa, _ = dyadic(scale)
    return torch.frexp(mantissa)[1]


def fitting_scales(layer: IntegerLayer, wanted: Tensor, bits: Tensor, exact: float) -> Tensor:
    """The least scales M · 2^-n from `wanted` on for which sum · M, in any order, stays below `exact`.

    wanted: positive, [O], or [1] for all channels together; bits: of M at most, up to 16. M loses bits
    before anything else, down to a power of two. After that, a channel whose bias alone is too large gets
    coarser weights, which count little beside such a bias. Sums too large for any M stay so.
    """
    scale, bits = wanted.clone(), bits.clamp(max=MULTIPLIER_BITS)
    while True:
        step = dyadic_above(scale, bits)
        products, sums = (each.reshape(len(step), -1).amax(1) for each in layer.magnitudes(step))
        over = sums * dyadic(step)[0] >= exact
        narrower = over & (bits > 1)
        coarser = over & ~narrower & (products < exact) & (len(step) > 1)
        if not (narrower | coarser).any():
            return step
        bits = bits - narrower.to(bits.dtype)
        scale = torch.where(coarser, 2 * scale, scale)
