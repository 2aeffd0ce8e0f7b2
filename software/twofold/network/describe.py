"""A network as a table, and how many multiplications it takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Linear, MaxPool2d, Op, Requantise, Threshold
from twofold.network.types import IntType


@dataclass(frozen=True)
class Row:
    """One op. shape and type are those of its result, the shape without the batch; macs: for one frame."""

    name: str
    kind: str
    shape: tuple[int, ...]
    type: IntType
    macs: int

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """What to print: name, kind, shape, type, multiply-accumulates."""
        shape = "×".join(map(str, self.shape))
        return self.name, self.kind, shape, str(self.type), f"{self.macs:,}" if self.macs else ""


def describe(network: Network) -> list[Row]:
    """A row for each op, in the order of execution."""
    return [_row(op, network) for op in network.ops]


def _row(op: Op, network: Network) -> Row:
    result = network.result(op)
    return Row(op.name, op.kind, result.shape, result.type, macs(op, network))


def macs(op: Op, network: Network) -> int:
    """Multiply-accumulates of one frame: products of a weight and an activation, padding included."""
    if isinstance(op, Conv2d):
        return op.weight.size * prod(network.result(op).shape[1:])
    return op.weight.size if isinstance(op, Linear) else 0


def total_macs(network: Network) -> int:
    """Multiply-accumulates of one frame through all layers."""
    return sum(macs(op, network) for op in network.ops)


def observed_tensors(network: Network) -> tuple[str, ...]:
    """Names of the tensors that every implementation shows: input, quantisers' and pools' results, output."""
    kinds = (Requantise, Threshold, MaxPool2d)
    names = [network.input_name, *(op.output for op in network.ops if isinstance(op, kinds))]
    return tuple(dict.fromkeys([*names, network.output_name]))
