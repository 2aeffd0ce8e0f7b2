"""`quantise`: any traceable CNN of the supported layers becomes a quantised one."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from twofold.errors import UserError
from twofold.quant.apot import ApotActivation, ApotWeight, deviation, first_weight_alpha
from twofold.quant.calibrate import calibrate
from twofold.quant.integer import activation_quantiser, free_int_activation, int_activation, int_weight
from twofold.quant.joins import INPUT_QUANTISER, Join, joins_of
from twofold.quant.layer_plan import LayerPlan
from twofold.quant.layers import Add, BatchNorm, Concat, Dropout
from twofold.quant.node_layer import joined_by, refuse, refuse_kind
from twofold.quant.recipe import EDGE, Apot, Int, Recipe, Scales, first_layer
from twofold.quant.trace import trace
from twofold.quant.trace_check import check_traced
from twofold.quant.weighted import quantised_layer


def quantise(model: nn.Module, recipe: Recipe, example: Tensor) -> fx.GraphModule:
    """A copy of `model` that computes with quantised weights and activations and can be trained further.

    The input, each ReLU, each operand of an addition, and each average get a quantiser; the first and
    the last layer have 8-bit integer weights, and the last layer's input is an 8-bit integer. Operands
    of additions that are sums of products become signed integers of the recipe's `residual_bits`. What is
    concatenated has one quantiser in common (`twofold.quant.joins`). Nodes are
    named after the nodes of `torch.fx.symbolic_trace(model)`; a quantiser takes the name of its ReLU, or its
    source's name and `_quant`.

    What the recipe's `layers` leave in float reads and gives floats; what only such layers read is not
    quantised. Until batch normalisation is folded, dropout stays, and `ReLU6` clips at 6.

    Where the recipe has free scales, powers of two remain what no multiplier can carry exactly: the last
    layer's weights, whose accumulators are the logits; the input; averages; and every activation but
    those of a ReLU right behind a layer, or its normalisation, that only other layers than the last read.

    example: images [N, C, H, W] whose activations initialise the scales.
    Raises UserError, naming the node, for layers that are not supported, for patterns of `layers` that fit
    none, for images that the model does not take, and for another recipe than one of `twofold.quant.recipe`.
    """
    _check_arguments(recipe, example)
    traced = trace(model)
    was_training = model.training
    quantised = _Converter(traced, recipe, bool(example.min() >= 0)).convert(type(model).__name__)
    check_traced(model, example[:2])
    calibrate(quantised, example)
    return quantised.train(was_training)


def _check_arguments(recipe: Recipe, example: Tensor) -> None:
    if not isinstance(recipe, Recipe):
        raise UserError(f"recipe: expected an Int, Apot or ApotWeights, got {recipe!r}")
    if example.dtype != torch.float32 or not len(example):
        found = f"a {type(example).__name__} {list(example.shape)} of {example.dtype}"
        raise UserError(f"example: expected images, a float32 tensor, got {found}")


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
        self.plan = LayerPlan(traced, recipe)
        self.sources = self.plan.sources
        self.joins = joins_of(self.plan, traced.graph.nodes, input_non_negative)
        self.shared = dict[Join, Any]()

    def convert(self, name: str) -> fx.GraphModule:
        for node in self.traced.graph.nodes:
            match node.op:
                case "placeholder":
                    self.values[node] = self._input(node)
                case "output":
                    self._output(node)
                case "get_attr":
                    raise refuse(
                        node,
                        "a bare tensor of the model cannot be quantised; leave a bias to the layer before",
                    )
                case _:
                    self.values[node] = self._layer(node, self.sources[node])
        return fx.GraphModule(self.modules, self.graph, class_name=f"Quantised{name}")

    def _input(self, node: fx.Node) -> _Value:
        if self.values:
            raise refuse(node, "expected a model of one input, found a second")
        images = _Value(self.graph.placeholder(node.name), node.name, False, self.input_non_negative)
        if self.plan.read_in_float(node):
            return images
        return self._add_quantiser(images, INPUT_QUANTISER, self._uniform(images))

    def _output(self, node: fx.Node) -> None:
        if len(node.all_input_nodes) != 1 or not isinstance(node.args[0], fx.Node):
            raise refuse(node, "expected a model of one output tensor")
        value = self.values[node.args[0]]
        self.graph.output((value if self.plan.accumulated(node.args[0]) else self._exact(value)).node)

    def _layer(self, node: fx.Node, module: nn.Module) -> _Value:
        operands = [self.values[source] for source in node.all_input_nodes]
        match module:
            case nn.Conv2d() | nn.Linear():
                self._refuse_reuse(node, module)
                source = operands[0] if self.plan.in_float(node) else self._exact(operands[0])
                return self._emit(node.name, self._weighted(node, module), [source], False, False)
            case nn.BatchNorm1d() | nn.BatchNorm2d():
                return self._batch_norm(node, module, operands[0])
            case nn.ReLU():
                return self._relu(node, module, operands[0])
            case Add():
                return self._addition(node)
            case Concat():
                parts = [self._exact(self.values[part]) for part in joined_by(node)]
                return self._emit(node.name, module, parts, True, all(part.non_negative for part in parts))
            case nn.MaxPool2d() | nn.Upsample() | nn.Flatten():
                source = operands[0] if self.plan.read_in_float(node) else self._exact(operands[0])
                return self._emit(node.name, module, [source], source.exact, source.non_negative)
            case nn.AvgPool2d() | nn.AdaptiveAvgPool2d():
                return self._average(node.name, module, operands[0])
            case nn.Sequential():
                pooled = self._average(f"{node.name}_pool", module[0], operands[0])
                return self._emit(node.name, nn.Flatten(), [pooled], True, pooled.non_negative)
            case nn.Dropout() | nn.Dropout2d():
                return self._dropout(node, module, operands[0])
            case nn.Identity():
                return operands[0]
        raise refuse_kind(node, type(module).__name__)

    def _emit(
        self, name: str, module: nn.Module, operands: list[_Value], exact: bool, non_negative: bool
    ) -> _Value:
        self.modules[name] = module
        arguments = tuple(operand.node for operand in operands)
        return _Value(
            self.graph.create_node("call_module", name, arguments, name=name), name, exact, non_negative
        )

    def _add_quantiser(self, source: _Value, name: str, injector: Any) -> _Value:
        quantiser = self._joined(self.joins[name]) if name in self.joins else injector
        return self._emit(name, activation_quantiser(quantiser), [source], True, source.non_negative)

    def _joined(self, join: Join) -> Any:
        """The `act_quant` that the quantisers of `join` have in common."""
        if join not in self.shared:
            if join.rectified and isinstance(self.recipe, Apot):
                injector = ApotActivation.let(apot_bits=join.bits)
            else:
                injector = int_activation(join.bits, join.signed)
            self.shared[join] = activation_quantiser(injector).act_quant
        return self.shared[join]

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
        bits = self.plan.widths[node]
        if bits is None:
            return copy.deepcopy(module)
        if self.plan.leaves_raw(node):
            return quantised_layer(module, int_weight(replace(EDGE, bits=bits)))
        if node is self.plan.first:
            return quantised_layer(module, int_weight(replace(first_layer(self.recipe), bits=bits)))
        if isinstance(self.recipe, Int):
            return quantised_layer(module, int_weight(replace(self.recipe, bits=bits)))
        alpha = first_weight_alpha(bits)
        injector = ApotWeight.let(apot_bits=bits, alpha_init=alpha, po2_scale=not self._free)
        if not any(isinstance(self.sources.get(user), BatchNorm) for user in node.users):
            start = alpha * float(deviation(module.weight.detach()))
            injector = injector.let(normalise=False, alpha_init=start)
        return quantised_layer(module, injector)

    def _dropout(self, node: fx.Node, module: Dropout, operand: _Value) -> _Value:
        dropped = self._emit(
            node.name, type(module)(module.p), [operand], operand.exact, operand.non_negative
        )
        return replace(dropped, name=operand.name)

    def _refuse_reuse(self, node: fx.Node, module: nn.Conv2d | nn.Linear) -> None:
        for other in filter(self.plan.is_weighted, self.sources):
            if other is not node and self.sources[other].weight is module.weight:
                raise refuse(
                    node,
                    f"a layer with weights may be called once only, and {other.name} has the same weights; "
                    "give each place a layer of its own",
                )

    def _batch_norm(self, node: fx.Node, module: BatchNorm, operand: _Value) -> _Value:
        source = node.all_input_nodes[0]
        before = nn.Conv2d if isinstance(module, nn.BatchNorm2d) else nn.Linear
        if not isinstance(self.sources.get(source), before) or len(source.users) > 1:
            raise refuse(
                node, f"expected batch normalisation right after a {before.__name__} that nothing else reads"
            )
        normalised = self._emit(node.name, _copy(module), [operand], False, False)
        return _Value(normalised.node, operand.name, False, False)

    def _relu(self, node: fx.Node, module: nn.ReLU, operand: _Value) -> _Value:
        rectified = self._emit(f"{node.name}_relu", type(module)(), [operand], False, True)
        if self.plan.read_in_float(node):
            return replace(rectified, name=node.name)
        bits = self.plan.widths[node]
        assert bits is not None
        if node in self.plan.read_by_last:
            return self._add_quantiser(rectified, node.name, self._uniform(rectified, bits))
        return self._add_quantiser(rectified, node.name, self._rectified_quantiser(node, bits))

    def _rectified_quantiser(self, node: fx.Node, bits: int) -> Any:
        free = self._free and self.plan.between_layers(node)
        if isinstance(self.recipe, Apot):
            return ApotActivation.let(apot_bits=bits, po2_scale=not free)
        return free_int_activation(bits) if free else int_activation(bits, signed=False)

    @property
    def _free(self) -> bool:
        return self.recipe.scales == Scales.FREE

    def _addition(self, node: fx.Node) -> _Value:
        if len(node.args) < 2 or not all(isinstance(operand, fx.Node) for operand in node.args[:2]):
            raise refuse(
                node, "expected two tensors to add; leave a constant to the bias of the layer before"
            )
        sources = [self.values[source] for source in node.args[:2]]  # type: ignore[index]
        pair = [self._exact(source, self.recipe.residual_bits) for source in sources]
        return self._emit(node.name, Add(), pair, False, all(value.non_negative for value in pair))

    def _average(self, name: str, pool: nn.Module, operand: _Value) -> _Value:
        source = self._exact(operand)
        return self._exact(self._emit(name, pool, [source], False, source.non_negative))


def _copy(module: BatchNorm) -> BatchNorm:
    twin = type(module)(module.num_features, module.eps, module.momentum)
    twin.load_state_dict(module.state_dict())
    return twin
