"""Which integers quantisers give, and which integers sums of their products can be."""

from __future__ import annotations

from dataclasses import dataclass

import brevitas.nn as qnn
from torch import Tensor, nn

from twofold.quant.apot import ApotActivationQuant

#: float32 holds every integer up to this magnitude.
EXACT = 1 << 24


@dataclass(frozen=True)
class Codes:
    """Integers from lo to hi, each worth `scale`, counted from the one that is worth 0.

    zero_point: what is added to them where they are stored.
    """

    lo: int
    hi: int
    scale: float
    zero_point: int = 0


def tensor_quant_of(quantiser: qnn.QuantIdentity) -> nn.Module:
    """The module that quantises within a Brevitas activation layer."""
    return quantiser.act_quant.fused_activation_quant_proxy.tensor_quant


def activation_codes(quantiser: qnn.QuantIdentity) -> Codes:
    scale, inner = float(quantiser.act_quant.scale().detach()), tensor_quant_of(quantiser)
    if isinstance(inner, ApotActivationQuant):
        return Codes(0, inner.levels.largest, scale)
    bits = int(quantiser.act_quant.bit_width())
    if quantiser.act_quant.is_signed:
        return Codes(-(1 << (bits - 1)), (1 << (bits - 1)) - 1, scale)
    zero_point = int(quantiser.act_quant.zero_point())
    return Codes(-zero_point, (1 << bits) - 1 - zero_point, scale, zero_point)


def partial_sums(weight: Tensor, bias: Tensor, lo: float, hi: float) -> tuple[Tensor, Tensor]:
    """Least and greatest sum, [O] each, of any products of a filter's weights with lo to hi, and the bias.

    weight: [O, ...]; bias: [O]; lo ≤ 0 ≤ hi. No order of accumulation leaves these bounds.
    """
    flat = weight.flatten(1)
    positive, negative = flat.clamp(min=0).sum(1), flat.clamp(max=0).sum(1)
    least = positive * lo + negative * hi + bias.clamp(max=0)
    greatest = positive * hi + negative * lo + bias.clamp(min=0)
    return least, greatest
