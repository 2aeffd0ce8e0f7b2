"""Collects the ops and tensors of a `Network` while the graph is walked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

import numpy as np

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Linear, Op
from twofold.network.ranges import ChannelRange, result_range
from twofold.network.shapes import MAX_ELEMENTS, result_shape
from twofold.network.types import IntType
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.view import View


class Builder:
    """A network under construction.

    reserved: names of ONNX tensors, which only those tensors may have. approximate: what is not provably the
    executor's is taken with a bounded error.
    """

    def __init__(self, reserved: Iterable[str], approximate: bool = False) -> None:
        self.approximate = approximate
        self.errors: dict[str, int] = {}
        self.views: dict[str, View] = {}
        self.reader: ImageReader | None = None
        self._reserved = set(reserved)
        self._tensors: dict[str, Tensor] = {}
        self._ops: dict[str, Op] = {}
        self._op_names: set[str] = set()
        self._ranges: dict[str, ChannelRange] = {}
        self._input: Tensor | None = None

    @property
    def has_input(self) -> bool:
        return self._input is not None

    def set_input(self, node: Node, tensor: Tensor, reader: ImageReader) -> Tensor:
        _check_size(node, tensor.shape)
        self.reader = reader
        self._input = tensor
        self._tensors[tensor.name] = tensor
        self._ranges[tensor.name] = ChannelRange.of_type(tensor.type, tensor.channels)
        return tensor

    def free_name(self, stem: str) -> str:
        """`stem`, made different from every tensor of the graph and of the network."""
        name = stem
        while name in self._reserved or name in self._tensors:
            name += "'"
        return name

    def free_op_name(self, stem: str) -> str:
        """`stem`, made different from every op so far: one node's integers may be clipped in several ways."""
        name = stem
        while name in self._op_names:
            name += "'"
        return name

    def emit(self, node: Node, op: Op, type_: IntType) -> Tensor:
        """Adds `op`, whose result has the type `type_`. Refuses results that are absurdly large."""
        shape = result_shape(op, *(self._tensors[name].shape for name in op.inputs))
        _check_size(node, shape)
        return self._put(op, Tensor(op.output, shape, type_))

    def producer(self, tensor: Tensor) -> Op | None:
        """The op that writes `tensor`; None for the network's input."""
        return self._ops.get(tensor.name)

    def rewrite(self, op: Conv2d | Linear, name: str, scale: Dyadic) -> Tensor:
        """Puts `op` in the place of the op that writes the same tensor, and names the result `name`."""
        old = self._tensors.pop(op.output)
        del self._ops[op.output], self._ranges[op.output]
        return self._put(replace(op, output=name), Tensor(name, old.shape, old.type.with_scale(scale)))

    def range_of(self, tensor: Tensor) -> ChannelRange:
        return self._ranges[tensor.name]

    def magnitudes(self, tensor: Tensor) -> list[int]:
        """The greatest absolute value of each channel, [C]."""
        range_ = self._ranges[tensor.name]
        return np.maximum(np.abs(range_.lo), np.abs(range_.hi)).tolist()

    def has(self, name: str) -> bool:
        return name in self._tensors

    def tensor(self, name: str) -> Tensor:
        return self._tensors[name]

    def note_error(self, name: str, codes: int) -> None:
        """The op `name` gives codes that differ by at most `codes` from the executor's on equal inputs."""
        self.errors[name] = codes

    def finish(self, name: str, output: Tensor) -> Network:
        if self._input is None:
            raise ValueError("a network needs an input before it is finished")
        return Network.of(name, self._tensors.values(), self._ops.values(), self._input.name, output.name)

    def _put(self, op: Op, result: Tensor) -> Tensor:
        operands = [self._tensors[name] for name in op.inputs]
        alone = Network.of(op.name, [*operands, result], [op], op.inputs[0], op.output)
        self._ranges[op.output] = result_range(op, alone, *(self._ranges[name] for name in op.inputs))
        self._tensors[op.output] = result
        self._ops[op.output] = op
        self._op_names.add(op.name)
        return result


def _check_size(node: Node, shape: tuple[int, ...]) -> None:
    if prod(shape) > MAX_ELEMENTS:
        raise node.refuse("output", list(shape), f"at most {MAX_ELEMENTS} elements", "use smaller layers")
