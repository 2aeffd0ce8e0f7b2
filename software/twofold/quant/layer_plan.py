"""Which bits each layer of a network gets, and who reads what, before anything is converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import fx, nn

from twofold.errors import UserError
from twofold.quant.layers import BatchNorm, Concat, Dropout
from twofold.quant.node_layer import module_of, refuse
from twofold.quant.recipe import EDGE, Recipe
from twofold.quant.trace import trace

_TRANSPARENT = (nn.Flatten, nn.MaxPool2d, nn.Upsample, Dropout, nn.Identity)
#: What may come between a layer and the output, and is gone at inference.
_BEHIND = (BatchNorm, Dropout, nn.Identity)


@dataclass(frozen=True)
class LayerWidths:
    """Name → bits of each layer's weights, and of each ReLU's results; None: the layer stays in float."""

    weights: Mapping[str, int | None]
    results: Mapping[str, int | None]


def layer_widths(model: nn.Module, recipe: Recipe) -> LayerWidths:
    """As `quantise` gives them. Raises UserError for what `quantise` refuses."""
    plan = LayerPlan(trace(model), recipe)
    relus = {node for node, module in plan.sources.items() if isinstance(module, nn.ReLU)}
    return LayerWidths(
        {node.name: width for node, width in plan.widths.items() if node not in relus},
        {node.name: width for node, width in plan.widths.items() if node in relus},
    )


class LayerPlan:
    """The layers of a traced network under a recipe.

    sources: node → the module that computes it; first, last: layers with weights; read_by_last: what made the
    operand of `last`, several where it is joined; widths: of every layer with weights and every ReLU, None
    for float. Raises UserError, naming the node, for what is not supported, and for patterns of the recipe
    that fit no layer.
    """

    def __init__(self, traced: fx.GraphModule, recipe: Recipe) -> None:
        self.recipe = recipe
        self.sources = {n: module_of(n, traced) for n in traced.graph.nodes if n.op.startswith("call_")}
        weighted = [n for n, module in self.sources.items() if isinstance(module, nn.Conv2d | nn.Linear)]
        if not weighted:
            raise UserError("expected a model with at least one Conv2d or Linear layer, found none")
        self.first, self.last = weighted[0], weighted[-1]
        self.read_by_last = self.made_by(self.last.all_input_nodes[0])
        self.widths = self._checked_widths()

    def _checked_widths(self) -> dict[fx.Node, int | None]:
        named = {
            node: type(module).__name__
            for node, module in self.sources.items()
            if isinstance(module, nn.Conv2d | nn.Linear | nn.ReLU)
        }
        layers = self.recipe.layers
        layers.check([(node.name, kind) for node, kind in named.items()])
        widths = {
            node: layers.width(node.name, kind, self._usual_width(node)) for node, kind in named.items()
        }
        for node, width in widths.items():
            if width is None and isinstance(self.sources[node], nn.ReLU):
                raise refuse(
                    node,
                    "expected a width for what a ReLU gives; it is left in float where only layers in float "
                    "read it",
                )
        return widths

    def _usual_width(self, node: fx.Node) -> int:
        if isinstance(self.sources[node], nn.ReLU):
            return EDGE.bits if node in self.read_by_last else self.recipe.activation_bits
        edge = node is self.first or self.leaves_raw(node)
        return EDGE.bits if edge else self.recipe.weight_bits

    def in_float(self, node: fx.Node) -> bool:
        """Whether the recipe leaves the weights of `node` as they are; False for what has none."""
        return self.is_weighted(node) and self.widths[node] is None

    def read_in_float(self, node: fx.Node) -> bool:
        """Whether only layers that are left in float read `node`."""
        readers = [
            self.read_in_float(user)
            if isinstance(self.sources.get(user), _TRANSPARENT)
            else self.in_float(user)
            for user in node.users
        ]
        return bool(readers) and all(readers)

    def made_by(self, node: fx.Node) -> frozenset[fx.Node]:
        """The nodes whose values `node` has: behind what moves them unchanged and what joins them."""
        if not isinstance(self.sources.get(node), (*_TRANSPARENT, Concat)):
            return frozenset({node})
        return frozenset().union(*(self.made_by(source) for source in node.all_input_nodes))

    def is_weighted(self, node: fx.Node) -> bool:
        """Whether `node` is a convolution or a fully connected layer."""
        return isinstance(self.sources.get(node), nn.Conv2d | nn.Linear)

    def leaves_raw(self, node: fx.Node) -> bool:
        """Whether the accumulators of layer `node` are logits: no multiplier follows."""
        return node is self.last or any(self._outputs(user) for user in node.users)

    def accumulated(self, node: fx.Node) -> bool:
        """Whether `node` gives the accumulators of a layer with weights, normalised or not."""
        if isinstance(self.sources.get(node), _BEHIND):
            return self.accumulated(node.all_input_nodes[0])
        return self.is_weighted(node)

    def _outputs(self, node: fx.Node) -> bool:
        """Whether `node` is the network's output, or only what leaves accumulators raw is between."""
        behind = isinstance(self.sources.get(node), _BEHIND)
        return node.op == "output" or (behind and any(self._outputs(user) for user in node.users))

    def between_layers(self, node: fx.Node) -> bool:
        """Whether this ReLU alone reads a layer right before it, and only layers with multipliers read it."""
        source = node.all_input_nodes[0]
        before = isinstance(self.sources.get(source), BatchNorm) or self.is_weighted(source)
        alone = len(source.users) == 1
        return before and alone and all(self._takes_any_scale(reader) for reader in node.users)

    def _takes_any_scale(self, reader: fx.Node) -> bool:
        if isinstance(self.sources.get(reader), _TRANSPARENT):
            return all(self._takes_any_scale(user) for user in reader.users)
        return self.is_weighted(reader) and not self.leaves_raw(reader)
