"""Plain multiplication: any device, any weights up to 8 bits. The reference among the kinds."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Module, Shape, Signal, signed

from twofold.network.types import IntArray
from twofold.rtl.mac.interface import PeArray, PeKind, outside, pack
from twofold.rtl.mac.pipeline import adder_tree, registered_activations, tree_levels, weight_words


@dataclass(frozen=True)
class IntMul(PeKind):
    """Weights in [−2^(weight_bits − 1), 2^(weight_bits − 1) − 1], activations in [−128, 255].

    weight_bits: 2 to 8; narrower weights make narrower multipliers. Memory word o holds the weights of
    output o, one byte an input, input 0 lowest.
    """

    weight_bits: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.weight_bits <= 8:
            raise ValueError(f"expected a weight width of 2 to 8 bits, got {self.weight_bits}")

    @property
    def name(self) -> str:
        return "int_mul"

    @property
    def activation_shape(self) -> Shape:
        return signed(9)

    @property
    def activation_range(self) -> tuple[int, int]:
        return -128, 255

    @property
    def sum_range(self) -> tuple[int, int]:
        low = -(1 << (self.weight_bits - 1))
        return self.tin * low * 255, self.tin * max(low * -128, -(low + 1) * 255)

    @property
    def load_words(self) -> int:
        return self.tout

    @property
    def latency(self) -> int:
        """Input register, product register, tree."""
        return 2 + tree_levels(self.tin)

    def refusal(self, weights: IntArray) -> str | None:
        bound = 1 << (self.weight_bits - 1)
        return outside(weights, -bound, bound - 1)

    def words(self, weights: IntArray) -> list[int]:
        return [pack(row, 8) for row in weights]

    def component(self) -> PeArray:
        return IntMulArray(self)


class IntMulArray(PeArray):
    """tin·tout multipliers and `tout` trees; see `PeArray` for the ports."""

    kind: IntMul

    def elaborate(self, platform: object) -> Module:
        m = Module()
        activations = registered_activations(m, self)
        for output, word in enumerate(weight_words(m, self)):
            products = []
            for index, activation in enumerate(activations):
                weight = word.word_select(index, 8)[: self.kind.weight_bits].as_signed()
                product = Signal(
                    signed(9 + self.kind.weight_bits), name=f"product_{output}_{index}", reset_less=True
                )
                m.d.sync += product.eq(activation * weight)
                products.append(product)
            m.d.comb += self.y[output].eq(adder_tree(m, products, f"sum_{output}"))
        return m
