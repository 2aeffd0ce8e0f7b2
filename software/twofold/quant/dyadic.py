"""Tensors of binary fractions `mantissa · 2^exponent`; float64 of any shape, all positive."""

from __future__ import annotations

import torch
from torch import Tensor


def dyadic(values: Tensor) -> tuple[Tensor, Tensor]:
    """Odd mantissas and exponents with `values = mantissa · 2^exponent`."""
    fraction, exponent = torch.frexp(values)
    mantissa, exponent = fraction * 2.0**53, exponent - 53
    while (even := (mantissa % 2 == 0)).any():
        mantissa = torch.where(even, mantissa / 2, mantissa)
        exponent = exponent + even.to(exponent.dtype)
    return mantissa, exponent


def dyadic_above(values: Tensor, bits: Tensor) -> Tensor:
    """The least numbers, none below its value, whose mantissas have at most `bits` bits."""
    fraction, exponent = torch.frexp(values)
    return torch.ceil(fraction * 2.0 ** bits.double()) * 2.0 ** (exponent - bits).double()


def nearest_power_of_two(value: float) -> float:
    """In the logarithm."""
    return float(2.0 ** torch.tensor(value, dtype=torch.float64).log2().round())
