"""What to quantise to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from twofold.errors import UserError

EDGE_BITS = 8


class Granularity(StrEnum):
    """What shares a scale: a layer's weights [O, I, K, K] → one for all, or one for each of the O filters."""

    TENSOR = "tensor"
    CHANNEL = "channel"


class Scales(StrEnum):
    """Which numbers a scale may be. A free one is carried by the multiplier behind the layer."""

    POWER_OF_TWO = "power-of-two"
    FREE = "free"


#: Written in a recipe for a layer whose weights stay as they are.
FLOAT = "float"


def _check_width(what: str, bits: int) -> None:
    if not 2 <= bits <= 8:
        raise UserError(f"{what}: expected a width of 2 to 8 bits, got {bits}")


def _check_word(what: str, word: str, words: type[StrEnum]) -> None:
    if word not in list(words):
        raise UserError(f"{what}: expected one of {', '.join(words)}, got {word!r}")


@dataclass(frozen=True)
class ByLayer:
    """What single layers differ in: (pattern, width in bits, 2 to 8, or FLOAT), the last that fits counts.

    A pattern is a layer's name as `torch.fx.symbolic_trace` gives it (`stack1_0_conv1`), with `*` for any
    characters, or a kind of layer: Conv2d, Linear, ReLU. Of a layer with weights the width is the weights',
    of a ReLU its results'.
    """

    widths: tuple[tuple[str, int | str], ...] = ()

    @classmethod
    def of(cls, table: Mapping[str, int | str]) -> ByLayer:
        return cls(tuple(table.items()))

    def __post_init__(self) -> None:
        for pattern, width in self.widths:
            if isinstance(width, str) and width != FLOAT:
                raise UserError(f'layers, {pattern}: expected a width of 2 to 8 or "{FLOAT}", got {width!r}')
            if not isinstance(width, str):
                _check_width(f"layers, {pattern}", width)

    def width(self, name: str, kind: str, usual: int) -> int | None:
        """Of the layer `name` of class `kind`; `usual` where no pattern fits, None if it stays in float."""
        fitting = [width for pattern, width in self.widths if _fits(pattern, name, kind)]
        width = fitting[-1] if fitting else usual
        return None if isinstance(width, str) else width

    def check(self, layers: Collection[tuple[str, str]]) -> None:
        """Raises UserError for a pattern that fits none of `layers`, (name, kind) each."""
        for pattern, _ in self.widths:
            if not any(_fits(pattern, *layer) for layer in layers):
                names = ", ".join(name for name, _ in layers)
                raise UserError(f"layers, {pattern}: expected a layer of the network, found only {names}")


def _fits(pattern: str, name: str, kind: str) -> bool:
    return pattern == kind or fnmatchcase(name, pattern)


@dataclass(frozen=True)
class Int:
    """Uniform integers of `bits` bits (2 to 8), weights and activations alike.

    weight_granularity: of the weights' scales; an activation has one. scales: of weights and activations;
    the values that a power of two must do for are listed at `twofold.quant.convert.quantise`. residual_bits:
    width (2 to 8) of an addition's operands that are sums of products. layers: what single layers differ in.
    """

    bits: int = 8
    weight_granularity: Granularity = Granularity.TENSOR
    scales: Scales = Scales.POWER_OF_TWO
    residual_bits: int = EDGE_BITS
    layers: ByLayer = ByLayer()

    def __post_init__(self) -> None:
        _check_width("Int.bits", self.bits)
        _check_width("Int.residual_bits", self.residual_bits)
        _check_word("Int.weight_granularity", self.weight_granularity, Granularity)
        _check_word("Int.scales", self.scales, Scales)

    @property
    def weight_bits(self) -> int:
        return self.bits

    @property
    def activation_bits(self) -> int:
        return self.bits


@dataclass(frozen=True)
class Apot:
    """Additive powers of two, widths 2 to 8. A weight's width counts its sign.

    scales: alpha over the largest level is a power of two, or any number as published. residual_bits,
    layers: as `Int`'s.
    """

    weight_bits: int = 4
    activation_bits: int = 4
    scales: Scales = Scales.POWER_OF_TWO
    residual_bits: int = EDGE_BITS
    layers: ByLayer = ByLayer()

    def __post_init__(self) -> None:
        _check_width("Apot.weight_bits", self.weight_bits)
        _check_width("Apot.activation_bits", self.activation_bits)
        _check_width("Apot.residual_bits", self.residual_bits)
        _check_word("Apot.scales", self.scales, Scales)


@dataclass(frozen=True)
class ApotWeights:
    """Additive powers of two as weights, unsigned uniform integers as activations, widths 2 to 8.

    scales: as `Apot`'s. residual_bits, layers: as `Int`'s.
    """

    weight_bits: int = 4
    activation_bits: int = 4
    scales: Scales = Scales.POWER_OF_TWO
    residual_bits: int = EDGE_BITS
    layers: ByLayer = ByLayer()

    def __post_init__(self) -> None:
        _check_width("ApotWeights.weight_bits", self.weight_bits)
        _check_width("ApotWeights.activation_bits", self.activation_bits)
        _check_width("ApotWeights.residual_bits", self.residual_bits)
        _check_word("ApotWeights.scales", self.scales, Scales)


Recipe = Int | Apot | ApotWeights


def gives_integers(recipe: Recipe) -> bool:
    """Whether a network of it has integers everywhere, as export and every backend need."""
    return all(width != FLOAT for _, width in recipe.layers.widths)


def first_layer(recipe: Recipe) -> Int:
    """The first layer's weights: 8 bits, scales like the other layers'."""
    granularity = recipe.weight_granularity if isinstance(recipe, Int) else Granularity.TENSOR
    return Int(EDGE_BITS, granularity, recipe.scales)


#: The last layer, whose accumulators are the logits, the input, averages, and sums that nothing rectifies.
EDGE = Int(EDGE_BITS)
