"""What to quantise to."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.errors import UserError

EDGE_BITS = 8


def _check_width(what: str, bits: int) -> None:
    if not 2 <= bits <= 8:
        raise UserError(f"{what}: expected a width of 2 to 8 bits, got {bits}")


@dataclass(frozen=True)
class Int:
    """Uniform integers of `bits` bits (2 to 8) with power-of-two scales, weights and activations alike."""

    bits: int = 8

    def __post_init__(self) -> None:
        _check_width("Int.bits", self.bits)

    @property
    def weight_bits(self) -> int:
        return self.bits

    @property
    def activation_bits(self) -> int:
        return self.bits


@dataclass(frozen=True)
class Apot:
    """Additive powers of two with a power-of-two scale, widths 2 to 8. A weight's width counts its sign."""

    weight_bits: int = 4
    activation_bits: int = 4

    def __post_init__(self) -> None:
        _check_width("Apot.weight_bits", self.weight_bits)
        _check_width("Apot.activation_bits", self.activation_bits)


@dataclass(frozen=True)
class ApotWeights:
    """Additive powers of two as weights, unsigned uniform integers as activations, widths 2 to 8."""

    weight_bits: int = 4
    activation_bits: int = 4

    def __post_init__(self) -> None:
        _check_width("ApotWeights.weight_bits", self.weight_bits)
        _check_width("ApotWeights.activation_bits", self.activation_bits)


#: The first and the last layer are always `Int(8)`.
Recipe = Int | Apot | ApotWeights
EDGE = Int(EDGE_BITS)
