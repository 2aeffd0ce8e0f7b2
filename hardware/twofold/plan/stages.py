"""Groups a network's ops into what the engine executes at once: a body and the quantiser of its sums."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Flatten, Linear, MaxPool2d, Op, Requantise, SumPool2d, Threshold

Quantiser = Requantise | Threshold
Body = Conv2d | Add | MaxPool2d | SumPool2d


@dataclass(frozen=True, eq=False)
class Map:
    """A tensor as the engine sees it: always [channels, height, width], a vector as 1 × 1 pixels."""

    name: str
    channels: int
    height: int
    width: int
    signed: bool
    bits: int
    zero_point: int

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @classmethod
    def of(cls, tensor: Tensor) -> Map:
        channels, height, width = tensor.shape if len(tensor.shape) == 3 else (*tensor.shape, 1, 1)
        type_ = tensor.type
        return cls(tensor.name, channels, height, width, type_.signed, type_.bits, type_.zero_point)


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer of the engine. `sums` is what the body computes; `result` what leaves it.

    quantiser: None where the sums themselves are the result. offset: what it adds last, the result's
    zero point; 0 where codes that hold it already pass unchanged.
    """

    name: str
    body: Body
    quantiser: Quantiser | None
    operands: tuple[Map, ...]
    sums: Map
    result: Map

    @property
    def offset(self) -> int:
        return 0 if self.sums is self.result else self.result.zero_point


def stages(network: Network) -> tuple[Stage, ...]:
    """The network as stages, in order of execution.

    Linear layers become convolutions whose kernel is the flattened map, groups become zeros. Raises
    NetworkError for what the engine cannot execute.
    """
    fused: set[str] = set()
    result = []
    for op in network.ops:
        if isinstance(op, Flatten) or op.name in fused:
            continue
        stage = _stage(network, op)
        if stage.quantiser is not None:
            fused.add(stage.quantiser.name)
        result.append(stage)
    return tuple(result)


def _stage(network: Network, op: Op) -> Stage:
    operands = tuple(Map.of(network.tensors[_source(network, name)]) for name in op.inputs)
    if isinstance(op, Requantise | Threshold):
        body: Body = SumPool2d(op.name, op.inputs, op.inputs[0], kernel=(1, 1), stride=(1, 1))
        return Stage(op.output, body, op, operands, operands[0], Map.of(network.result(op)))
    if isinstance(op, Linear):
        body = _as_convolution(op, operands[0])
    elif isinstance(op, Conv2d):
        body = without_groups(op)
    elif isinstance(op, Add | MaxPool2d | SumPool2d):
        body = op
    else:
        raise NetworkError(op.name, "op", "one that the engine executes", op.kind)
    sums = Map.of(network.result(op))
    quantiser = _quantiser(network, op)
    if quantiser is not None:
        return Stage(quantiser.output, body, quantiser, operands, sums, Map.of(network.result(quantiser)))
    if isinstance(op, MaxPool2d):
        return Stage(op.output, body, _identity(network, op), operands, sums, sums)
    if op.output != network.output_name:
        raise NetworkError(op.name, "output", "a quantiser as the only reader of its sums", "other readers")
    return Stage(op.output, body, None, operands, sums, sums)


def _source(network: Network, name: str) -> str:
    """The tensor that is stored: through flattening, back to the map."""
    producer = network.producers.get(name)
    return _source(network, producer.inputs[0]) if isinstance(producer, Flatten) else name


def _quantiser(network: Network, op: Op) -> Quantiser | None:
    readers = network.consumers[op.output]
    if (
        len(readers) == 1
        and isinstance(readers[0], Requantise | Threshold)
        and op.output != network.output_name
    ):
        return readers[0]
    return None


def _identity(network: Network, op: Op) -> Requantise:
    """Lets codes pass unchanged."""
    type_ = network.result(op).type
    channels = network.result(op).channels
    return Requantise(
        op.name,
        (op.output,),
        op.output,
        multiplier=np.ones(channels, np.int64),
        shift=np.zeros(channels, np.int64),
        bounds=(type_.lo, type_.hi),
    )


def _as_convolution(op: Linear, operand: Map) -> Conv2d:
    weight = op.weight.reshape(len(op.weight), operand.channels, operand.height, operand.width)
    return Conv2d(op.name, op.inputs, op.output, weight=weight, bias=op.bias)


def without_groups(op: Conv2d) -> Conv2d:
    """The same convolution with weights for every input channel, 0 where another group's are."""
    if op.groups == 1:
        return op
    outputs, inputs, *kernel = op.weight.shape
    weight = np.zeros((op.groups, outputs // op.groups, op.groups, inputs, *kernel), np.int64)
    for group, part in enumerate(op.weight.reshape(op.groups, -1, inputs, *kernel)):
        weight[group, :, group] = part
    return replace(op, weight=weight.reshape(outputs, -1, *kernel), groups=1)


def code_range(map_: Map) -> tuple[int, int]:
    """Least and greatest code of a map's type."""
    if map_.signed:
        return -(1 << (map_.bits - 1)), (1 << (map_.bits - 1)) - 1
    return 0, (1 << map_.bits) - 1
