"""What a host computes from the network's output: `Softmax`, `LogSoftmax`, `Sigmoid`, `ArgMax`."""

from __future__ import annotations

from twofold.network.host import HostStep
from twofold.qonnx.importer.attributes import Attributes
from twofold.qonnx.importer.host_part import HostPart
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import HostResult

_KINDS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid", "ArgMax": "argmax"}


def softmax(walk: Walk, node: Node) -> HostResult:
    """Over the channels of a vector."""
    return _over_channels(walk, node, Attributes(node), -1)


def argmax(walk: Walk, node: Node) -> HostResult:
    """Over the channels of a vector."""
    attributes = Attributes(node)
    attributes.require("keepdims", attributes.integer("keepdims", 1), 0, 1)
    attributes.require("select_last_index", attributes.integer("select_last_index", 0), 0)
    return _over_channels(walk, node, attributes, 0)


def sigmoid(walk: Walk, node: Node) -> HostResult:
    """Of each number of a vector or map."""
    walk.require_inputs(node, 1, 1)
    return _left_to_the_host(walk, node)


def _over_channels(walk: Walk, node: Node, attributes: Attributes, default: int) -> HostResult:
    walk.require_inputs(node, 1, 1)
    value = walk.value(node, 0)
    shape = (value.source if isinstance(value, HostResult) else walk.data(node)).shape
    if len(shape) != 1:
        raise node.refuse("input", f"a map {list(shape)}", "a vector [N, C]", "flatten it first")
    attributes.require("axis", attributes.integer("axis", default), 1, -1)
    return _left_to_the_host(walk, node)


def _left_to_the_host(walk: Walk, node: Node) -> HostResult:
    value, part = walk.value(node, 0), HostPart(node.label, HostStep(_KINDS[node.op_type], ()))
    if isinstance(value, HostResult):
        if value.work[-1].step == HostStep("argmax", ()):
            raise node.refuse("input", "the answer of an ArgMax", "numbers of classes", "end with the ArgMax")
        return HostResult(value.source, value.name, (*value.work, part))
    return HostResult(walk.data(node), node.inputs[0], (part,))
