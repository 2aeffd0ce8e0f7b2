"""What a network costs with given widths of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, fx, nn

from twofold.metrics import LayerCost, bops_ratio, layer_costs, size_ratio, with_widths
from twofold.quant.recipe import EDGE_BITS
from twofold.quant.widths import operands_of

#: Layer, or ReLU → width in bits.
Widths = Mapping[str, int]


@dataclass(frozen=True)
class Costs:
    """baseline: the float network's layers; layers: those of its quantised copy, in the same order; operands:
    layer → the quantisers that it reads, several where they are joined; those that `widths` do not name have
    8 bits, and joined ones the width of the widest."""

    baseline: tuple[LayerCost, ...]
    layers: tuple[LayerCost, ...]
    operands: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, model: nn.Module, quantised: fx.GraphModule, example: Tensor) -> Costs:
        """example: images [N, C, H, W], for shapes alone."""
        return cls(layer_costs(model, example), layer_costs(quantised, example), operands_of(quantised))

    @property
    def joined(self) -> tuple[frozenset[str], ...]:
        """Quantisers that only narrow together."""
        return tuple(dict.fromkeys(names for names in self.operands.values() if len(names) > 1))

    def times_smaller(self, widths: Widths) -> float:
        """Bits of the float network's weights over bits of the weights of these widths."""
        return size_ratio(self.baseline, self._layers(widths))

    def times_fewer_bops(self, widths: Widths) -> float:
        """The float network's bit operations over those of these widths."""
        return bops_ratio(self.baseline, self._layers(widths))

    def size_bits(self, widths: Widths) -> int:
        return sum(layer.size_bits for layer in self._layers(widths))

    def bops(self, widths: Widths) -> int:
        return sum(layer.bops for layer in self._layers(widths))

    def _layers(self, widths: Widths) -> tuple[LayerCost, ...]:
        pairs = {
            layer.name: (
                widths.get(layer.name, EDGE_BITS),
                max(widths.get(name, EDGE_BITS) for name in self.operands[layer.name]),
            )
            for layer in self.layers
        }
        return with_widths(self.layers, pairs)
