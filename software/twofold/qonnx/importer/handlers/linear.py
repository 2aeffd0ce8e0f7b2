"""`Gemm` and `MatMul`: fully connected layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twofold.network.ops import Linear
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.handlers.products import (
    bias_terms,
    emit_products,
    output_scales,
    quantised_weight,
)
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import FixedValue, QuantisedConstant, Sums


def gemm(walk: Walk, node: Node) -> Sums:
    """Inputs: data [N, C], weight [C, O] or, with transB, [O, C], bias [O] (optional)."""
    walk.require_inputs(node, 2, 3)
    attributes = Attributes(node)
    attributes.require("alpha", attributes.number("alpha", 1.0), 1.0)
    attributes.require("beta", attributes.number("beta", 1.0), 1.0)
    attributes.require("transA", attributes.integer("transA", 0), 0)
    transposed = attributes.integer("transB", 0)
    attributes.require("transB", transposed, 0, 1)
    weight = _matrix(walk, node)
    bias = walk.fixed(node, 2, "bias") if len(node.inputs) > 2 else None
    return _linear(walk, node, weight if transposed else _turned(weight), bias)


def matmul(walk: Walk, node: Node) -> Sums:
    """Inputs: data [N, C], weight [C, O]."""
    walk.require_inputs(node, 2, 2)
    return _linear(walk, node, _turned(_matrix(walk, node)), None)


def _matrix(walk: Walk, node: Node) -> QuantisedConstant:
    weight = quantised_weight(walk, node, 1)
    if weight.codes.ndim != 2:
        raise node.refuse(
            "weight", f"shape {list(weight.codes.shape)}", "a matrix", "flatten the data before it"
        )
    return weight


def _turned(weight: QuantisedConstant) -> QuantisedConstant:
    return replace(weight, codes=weight.codes.T, scale=weight.scale.T)


def _linear(walk: Walk, node: Node, weight: QuantisedConstant, bias: FixedValue | None) -> Sums:
    """weight: [O, C]."""
    operand = walk.any_codes(node)
    if operand.shape != weight.codes.shape[1:]:
        raise node.refuse(
            "input",
            f"shape [N, {', '.join(map(str, operand.shape))}]",
            f"[N, {weight.codes.shape[1]}], the weight's inputs",
            "flatten the feature map before this layer",
        )
    if len(operand.shape) == 1 and not operand.layout.is_native:
        order = np.argsort(operand.layout.places)
        weight = replace(weight, codes=weight.codes[:, order])
    return emit_products(
        walk,
        node,
        operand,
        output_scales(node, weight, 0),
        bias_terms(node, bias, len(weight.codes)),
        lambda output, integers: Linear(node.name, (operand.tensor.name,), output, weight.codes, integers),
    )
