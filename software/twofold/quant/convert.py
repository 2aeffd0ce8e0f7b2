"""`quantise`: any traceable CNN of the supported layers becomes a quantised one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, fx, nn

from twofold.errors import UserError
from twofold.quant.apot import PUBLISHED_WEIGHT_ALPHA, ApotActivation, ApotWeight
from twofold.quant.calibrate import calibrate
from twofold.quant.integer import activation_quantiser, free_int_activation, int_activation, int_weight
from twofold.quant.layers import Add
from twofold.quant.recipe import EDGE, Apot, Int, Recipe, Scales, first_layer
from twofold.quant.trace import module_of, refuse, trace
from twofold.quant.weighted import quantised_layer

INPUT_QUANTISER = "input_quant"
_TRANSPARENT = (nn.Flatten, nn.MaxPool2d, nn.Dropout, nn.Identity)


def quantise(model: nn.Module, recipe: Recipe, example: Tensor) -> fx.GraphModule:
    """A copy of `model` that computes with quantised weights and activations and can be trained further.

    The input, each ReLU, each operand of an addition, and each average get a quantiser; the first and
    the last layer have 8-bit integer weights, and the last layer's input is an 8-bit integer. Operands
    of additions that are sums of products become signed integers of the recipe's `residual_bits`. Nodes are
    named after the nodes of `torch.fx.symbolic_trace(model)`; a quantiser takes the name of its ReLU, or its
    source's name and `_quant`.

    What the recipe's `layers` leave in float reads and gives floats; what only such layers read is not
    quantised. Dropout stays until batch normalisation is folded.

    Where the recipe has free scales, powers of two remain what no multiplier can carry exactly: the last
    layer's weights, whose accumulators are the logits; the input; averages; and every activation but
    those of a ReLU right behind a layer, or its normalisation, that only other layers than the last read.

    example: images [N, C, H, W] whose activations initialise the scales.
    Raises UserError, naming the node, for layers that are not supported, and for patterns of `layers`
    that fit none.
    """
    traced = trace(model)
    was_training = model.training
    quantised = _Converter(traced, recipe, bool(example.min() >= 0)).convert(type(model).__name__)
    calibrate(quantised, example)
    return quantised.train(was_training)


@dataclass(frozen=True)
class LayerWidths:
    """Name → bits of each layer's weights, and of each ReLU's results; None: the layer stays in float."""

    weights: Mapping[str, int | None]
    results: Mapping[str, int | None]


def layer_widths(model: nn.Module, recipe: Recipe) -> LayerWidths:
    """As `quantise` gives them. Raises UserError for what `quantise` refuses."""
    converter = _Converter(trace(model), recipe, input_non_negative=True)
    relus = {node for node, module in converter.sources.items() if isinstance(module, nn.ReLU)}
    return LayerWidths(
        {node.name: width for node, width in converter.widths.items() if node not in relus},
        {node.name: width for node, width in converter.widths.items() if node in relus},
    )


@dataclass(frozen=True)
class _Value:
    """A node of the new graph. exact: its values lie on the grid of one quantiser."""

    node: fx.Node
    name: str
    exact: bool
    non_negative: bool


class _Converter:
    def __init__(self, traced: fx.GraphModule, recipe: Recipe, input_non_negative: bool) -> None:
        self.traced, self.recipe, self.input_non_negative = traced, recipe, input_non_negative
        self.graph, self.modules = fx.Graph(), dict[str, nn.Module]()
        self.values, self.requantised = dict[fx.Node, _Value](), dict[str, _Value]()
        self.sources = {n: module_of(n, traced) for n in traced.graph.nodes if n.op.startswith("call_")}
        weighted = [n for n, module in self.sources.items() if isinstance(module, nn.Conv2d | nn.Linear)]
        if not weighted:
            raise UserError("expected a model with at least one Conv2d or Linear layer, found none")
        self.first, self.last = weighted[0], weighted[-1]
        self.last_input = self._source_of(self.last)
        self._check_layers()

    def _check_layers(self) -> None:
        """Raises UserError for a pattern that fits no layer, and for ReLUs that are to stay in float."""
        named = {
            node: module
            for node, module in self.sources.items()
            if isinstance(module, nn.Conv2d | nn.Linear | nn.ReLU)
        }
        self.recipe.layers.check([(node.name, type(module).__name__) for node, module in named.items()])
        self.widths = {
            node: self.recipe.layers.width(node.name, type(module).__name__, self._usual_width(node))
            for node, module in named.items()
        }
        for node, module in named.items():
            if self.widths[node] is None and isinstance(module, nn.ReLU):
                raise refuse(
                    node,
                    "expected a width for what a ReLU gives; it is left in float where only layers in float "
                    "read it",
                )

    def _usual_width(self, node: fx.Node) -> int:
        if isinstance(self.sources[node], nn.ReLU):
            return EDGE.bits if node is self.last_input else self.recipe.activation_bits
        edge = node is self.first or self._leaves_raw(node)
        return EDGE.bits if edge else self.recipe.weight_bits

    def _in_float(self, node: fx.Node) -> bool:
        return self._is_weighted(node) and self.widths[node] is None

    def _read_in_float(self, node: fx.Node) -> bool:
        """Whether only layers that are left in float read `node`."""
        readers = [
            self._read_in_float(user)
            if isinstance(self.sources.get(user), _TRANSPARENT)
            else self._in_float(user)
            for user in node.users
        ]
        return bool(readers) and all(readers)

    def convert(self, name: str) -> fx.GraphModule:
        for node in self.traced.graph.nodes:
            match node.op:
                case "placeholder":
                    self.values[node] = self._input(node)
                case "output":
                    self._output(node)
                case "get_attr":
                    raise refuse(node, "a bare tensor of the model cannot be quantised")
                case _:
                    self.values[node] = self._layer(node, self.sources[node])
        return fx.GraphModule(self.modules, self.graph, class_name=f"Quantised{name}")

    def _source_of(self, node: fx.Node) -> fx.Node:
        """The node that made the operand of `node`, looking through layers that move values unchanged."""
        source = node.all_input_nodes[0]
        while isinstance(self.sources.get(source), _TRANSPARENT):
            source = source.all_input_nodes[0]
        return source

    def _input(self, node: fx.Node) -> _Value:
        if self.values:
            raise refuse(node, "expected a model of one input, found a second")
        images = _Value(self.graph.placeholder(node.name), node.name, False, self.input_non_negative)
        if self._read_in_float(node):
            return images
        return self._add_quantiser(images, INPUT_QUANTISER, self._uniform(images))

    def _output(self, node: fx.Node) -> None:
        if len(node.all_input_nodes) != 1 or not isinstance(node.args[0], fx.Node):
            raise refuse(node, "expected a model of one output tensor")
        value = self.values[node.args[0]]
        self.graph.output((value if self._is_weighted(node.args[0]) else self._exact(value)).node)

    def _is_weighted(self, node: fx.Node) -> bool:
        return isinstance(self.sources.get(node), nn.Conv2d | nn.Linear)

    def _leaves_raw(self, node: fx.Node) -> bool:
        """Whether the accumulators of layer `node` are logits: no multiplier follows."""
        return node is self.last or any(user.op == "output" for user in node.users)

    def _layer(self, node: fx.Node, module: nn.Module) -> _Value:
        operands = [self.values[source] for source in node.all_input_nodes]
        match module:
            case nn.Conv2d() | nn.Linear():
                self._refuse_reuse(node)
                source = operands[0] if self._in_float(node) else self._exact(operands[0])
                return self._emit(node.name, self._weighted(node, module), [source], False, False)
            case nn.BatchNorm2d():
                return self._batch_norm(node, module, operands[0])
            case nn.ReLU():
                return self._relu(node, operands[0])
            case Add():
                return self._addition(node, operands)
            case nn.MaxPool2d() | nn.Flatten():
                source = operands[0] if self._read_in_float(node) else self._exact(operands[0])
                return self._emit(node.name, module, [source], source.exact, source.non_negative)
            case nn.AdaptiveAvgPool2d():
                return self._average(node.name, operands[0])
            case nn.Sequential():
                pooled = self._average(f"{node.name}_pool", operands[0])
                return self._emit(node.name, nn.Flatten(), [pooled], True, pooled.non_negative)
            case nn.Dropout():
                return self._dropout(node, module, operands[0])
            case nn.Identity():
                return operands[0]
        raise refuse(node, f"{type(module).__name__} cannot be quantised")

    def _emit(
        self, name: str, module: nn.Module, operands: list[_Value], exact: bool, non_negative: bool
    ) -> _Value:
        self.modules[name] = module
        arguments = tuple(operand.node for operand in operands)
        return _Value(
            self.graph.create_node("call_module", name, arguments, name=name), name, exact, non_negative
        )

    def _add_quantiser(self, source: _Value, name: str, injector: Any) -> _Value:
        return self._emit(name, activation_quantiser(injector), [source], True, source.non_negative)

    def _uniform(self, source: _Value, bits: int = EDGE.bits) -> Any:
        return int_activation(bits, signed=not source.non_negative)

    def _exact(self, value: _Value, bits: int = EDGE.bits) -> _Value:
        """The value itself if it is on a quantiser's grid, else its quantisation, one for all readers."""
        if value.exact:
            return value
        name = f"{value.name}_quant"
        if name not in self.requantised:
            self.requantised[name] = self._add_quantiser(value, name, self._uniform(value, bits))
        return self.requantised[name]

    def _weighted(self, node: fx.Node, module: nn.Conv2d | nn.Linear) -> nn.Module:
        bits = self.widths[node]
        if bits is None:
            return copy.deepcopy(module)
        if self._leaves_raw(node):
            return quantised_layer(module, int_weight(replace(EDGE, bits=bits)))
        if node is self.first:
            return quantised_layer(module, int_weight(replace(first_layer(self.recipe), bits=bits)))
        if isinstance(self.recipe, Int):
            return quantised_layer(module, int_weight(replace(self.recipe, bits=bits)))
        injector = ApotWeight.let(apot_bits=bits, po2_scale=not self._free)
        if not any(isinstance(self.sources.get(user), nn.BatchNorm2d) for user in node.users):
            deviation = float(module.weight.detach().std())
            injector = injector.let(normalise=False, alpha_init=PUBLISHED_WEIGHT_ALPHA * deviation)
        return quantised_layer(module, injector)

    def _dropout(self, node: fx.Node, module: nn.Dropout, operand: _Value) -> _Value:
        dropped = self._emit(node.name, nn.Dropout(module.p), [operand], operand.exact, operand.non_negative)
        return replace(dropped, name=operand.name)

    def _refuse_reuse(self, node: fx.Node) -> None:
        if sum(other.target == node.target for other in self.traced.graph.nodes) > 1:
            raise refuse(node, "a layer with weights may be called once only")

    def _batch_norm(self, node: fx.Node, module: nn.BatchNorm2d, operand: _Value) -> _Value:
        source = node.all_input_nodes[0]
        if not isinstance(self.sources.get(source), nn.Conv2d) or len(source.users) > 1:
            raise refuse(
                node, "expected batch normalisation right after a convolution that nothing else reads"
            )
        normalised = self._emit(node.name, _copy(module), [operand], False, False)
        return _Value(normalised.node, operand.name, False, False)

    def _relu(self, node: fx.Node, operand: _Value) -> _Value:
        rectified = self._emit(f"{node.name}_relu", nn.ReLU(), [operand], False, True)
        if self._read_in_float(node):
            return replace(rectified, name=node.name)
        bits = self.widths[node]
        assert bits is not None
        if node is self.last_input:
            return self._add_quantiser(rectified, node.name, self._uniform(rectified, bits))
        return self._add_quantiser(rectified, node.name, self._rectified_quantiser(node, bits))

    def _rectified_quantiser(self, node: fx.Node, bits: int) -> Any:
        free = self._free and self._between_layers(node)
        if isinstance(self.recipe, Apot):
            return ApotActivation.let(apot_bits=bits, po2_scale=not free)
        return free_int_activation(bits) if free else int_activation(bits, signed=False)

    @property
    def _free(self) -> bool:
        return self.recipe.scales == Scales.FREE

    def _between_layers(self, node: fx.Node) -> bool:
        """Whether this ReLU alone reads a layer right before it, and only layers with multipliers read it."""
        source = node.all_input_nodes[0]
        before = isinstance(self.sources.get(source), nn.BatchNorm2d) or self._is_weighted(source)
        alone = len(source.users) == 1
        return before and alone and all(self._takes_any_scale(reader) for reader in node.users)

    def _takes_any_scale(self, reader: fx.Node) -> bool:
        if isinstance(self.sources.get(reader), _TRANSPARENT):
            return all(self._takes_any_scale(user) for user in reader.users)
        return self._is_weighted(reader) and not self._leaves_raw(reader)

    def _addition(self, node: fx.Node, operands: list[_Value]) -> _Value:
        if len(node.args) < 2 or not all(isinstance(operand, fx.Node) for operand in node.args[:2]):
            raise refuse(node, "expected two tensors to add")
        sources = [self.values[source] for source in node.args[:2]]  # type: ignore[index]
        pair = [self._exact(source, self.recipe.residual_bits) for source in sources]
        return self._emit(node.name, Add(), pair, False, all(value.non_negative for value in pair))

    def _average(self, name: str, operand: _Value) -> _Value:
        source = self._exact(operand)
        return self._exact(self._emit(name, nn.AdaptiveAvgPool2d(1), [source], False, source.non_negative))


def _copy(module: nn.BatchNorm2d) -> nn.BatchNorm2d:
    twin = nn.BatchNorm2d(module.num_features, module.eps, module.momentum)
    twin.load_state_dict(module.state_dict())
    return twin
