"""`Network`: the typed integer graph that every later step reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from types import MappingProxyType

from twofold.network.ops import Op
from twofold.network.types import IntType


@dataclass(frozen=True)
class Tensor:
    """A value that flows between ops; shape without the batch: [C, H, W] or [C]."""

    name: str
    shape: tuple[int, ...]
    type: IntType

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def channels(self) -> int:
        return self.shape[0]


@dataclass(frozen=True)
class Network:
    """Ops in the order of execution, and every tensor that they read or write.

    The caller quantises images to `input.type` and reads exact integers of `output.type`.
    Build one with any content, then call `twofold.network.verify.verify`.
    """

    name: str
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    input_name: str
    output_name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        object.__setattr__(self, "ops", tuple(self.ops))

    @classmethod
    def of(
        cls, name: str, tensors: Iterable[Tensor], ops: Iterable[Op], input_name: str, output_name: str
    ) -> Network:
        return cls(name, {tensor.name: tensor for tensor in tensors}, tuple(ops), input_name, output_name)

    @property
    def input(self) -> Tensor:
        return self.tensors[self.input_name]

    @property
    def output(self) -> Tensor:
        return self.tensors[self.output_name]

    @cached_property
    def producers(self) -> Mapping[str, Op]:
        """The op that writes each tensor; the network's input has none."""
        return {op.output: op for op in self.ops}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Op, ...]]:
        """The ops that read each tensor, in order of execution."""
        return {name: tuple(op for op in self.ops if name in op.inputs) for name in self.tensors}

    def operands(self, op: Op) -> tuple[Tensor, ...]:
        return tuple(self.tensors[name] for name in op.inputs)

    def result(self, op: Op) -> Tensor:
        return self.tensors[op.output]

    def __iter__(self) -> Iterator[Op]:
        return iter(self.ops)
