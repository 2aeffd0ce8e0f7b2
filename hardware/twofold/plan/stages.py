"""Groups a network's ops into what the engine executes at once: a body and the quantiser of its sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.multiplier_form import MultiplierForm, multiplier_forms
from twofold.network.ops import (
    Add,
    Concat,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Op,
    Requantise,
    SumPool2d,
    Threshold,
    Upsample2d,
    WeightedAdd,
)
from twofold.network.types import IntArray
from twofold.plan.maps import Map, View
from twofold.rtl.tile import THRESHOLD_BITS

Quantiser = Requantise | Threshold
Body = Conv2d | Add | MaxPool2d | SumPool2d | Upsample2d
NOTHING_JOINED: Mapping[str, View] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer of the engine. `sums` is what the body computes; `result` what leaves it.

    quantiser: None where the sums themselves are the result. offset: what it adds last, the result's
    zero point; 0 where codes that hold it already pass unchanged. bias: [C], added to the sums before it,
    None for nothing; biased: what of the zero point it holds.
    """

    name: str
    body: Body
    quantiser: Quantiser | None
    operands: tuple[Map, ...]
    sums: Map
    result: Map
    bias: IntArray | None = None
    biased: int = 0

    @property
    def offset(self) -> int:
        return 0 if self.sums is self.result else self.result.zero_point - self.biased


def stages(network: Network, views: Mapping[str, View] = NOTHING_JOINED) -> tuple[Stage, ...]:
    """The network as stages, in order of execution.

    views: of joined tensors, from `twofold.plan.arrange`. Linear layers become convolutions whose kernel is
    the flattened map, groups become zeros, and so do the gaps of joined tensors. Raises NetworkError for what
    the engine cannot execute.
    """
    fused: set[str] = set()
    forms = multiplier_forms(network, 1 << THRESHOLD_BITS)
    result = []
    for op in network.ops:
        if isinstance(op, Concat) and op.output not in views:
            raise NetworkError(op.name, "op", "an arranged network", op.kind)
        if isinstance(op, Flatten | Concat) or op.name in fused:
            continue
        stage = _stage(network, op, views)
        if stage.quantiser is not None:
            fused.add(stage.quantiser.name)
            stage = _multiplied(stage, forms.get(stage.quantiser.name))
        result.append(stage)
    return tuple(result)


def _multiplied(stage: Stage, form: MultiplierForm | None) -> Stage:
    """The stage with its quantiser in multiplier form where there is one."""
    if form is None:
        return stage
    bias = stage.sums.spread(form.bias) if stage.sums.held else form.bias
    return replace(stage, quantiser=_spread(form.quantiser, stage.sums), bias=bias, biased=form.biased)


def _stage(network: Network, op: Op, views: Mapping[str, View]) -> Stage:
    def map_of(name: str) -> Map:
        return Map.of(network.tensors[name], views.get(name))

    operands = tuple(map_of(_source(network, name)) for name in op.inputs)
    if isinstance(op, Requantise | Threshold):
        body: Body = SumPool2d(op.name, op.inputs, op.inputs[0], kernel=(1, 1), stride=(1, 1))
        return Stage(op.output, body, _spread(op, operands[0]), operands, operands[0], map_of(op.output))
    if isinstance(op, Linear):
        body = _as_convolution(op, operands[0])
    elif isinstance(op, Conv2d):
        body = without_groups(op)
        body = replace(body, weight=operands[0].spread(body.weight, axis=1))
    elif isinstance(op, MaxPool2d) and op.kernel == (1, 1):
        body = SumPool2d(op.name, op.inputs, op.output, op.kernel, op.stride)
    elif isinstance(op, Add | MaxPool2d | SumPool2d | Upsample2d):
        body = op
    elif isinstance(op, WeightedAdd):
        raise _factors_refused(op)
    else:
        raise NetworkError(op.name, "op", "one that the engine executes", op.kind)
    sums = map_of(op.output)
    quantiser = _quantiser(network, op)
    if quantiser is not None:
        spread = _spread(quantiser, sums)
        return Stage(quantiser.output, body, spread, operands, sums, map_of(quantiser.output))
    if isinstance(op, MaxPool2d | Upsample2d):
        return Stage(op.output, body, _spread(_identity(network, op), sums), operands, sums, sums)
    if op.output != network.output_name:
        raise NetworkError(op.name, "output", "a quantiser as the only reader of its sums", "other readers")
    return Stage(op.output, body, None, operands, sums, sums)


def _factors_refused(op: WeightedAdd) -> NetworkError:
    """The engine aligns operands by shifts."""
    return NetworkError(
        op.name,
        "factors",
        "operands whose scales are equal or differ by a power of two, which the engine aligns by shifts "
        "(quantise both with such scales before the addition, or build with --backend hls, which multiplies)",
        f"operands times {op.factors[0]} and {op.factors[1]}",
    )


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
    weight = op.weight.reshape(len(op.weight), -1, operand.height, operand.width)
    return Conv2d(op.name, op.inputs, op.output, weight=operand.spread(weight, axis=1), bias=op.bias)


def _spread(op: Quantiser, sums: Map) -> Quantiser:
    """With numbers for the gaps between joined tensors, whatever they give."""
    if not sums.held:
        return op
    if isinstance(op, Threshold):
        return replace(op, thresholds=sums.spread(op.thresholds))
    return replace(op, multiplier=sums.spread(op.multiplier, gap=1), shift=sums.spread(op.shift))


def without_groups(op: Conv2d) -> Conv2d:
    """The same convolution with weights for every input channel, 0 where another group's are."""
    if op.groups == 1:
        return op
    outputs, inputs, *kernel = op.weight.shape
    weight = np.zeros((op.groups, outputs // op.groups, op.groups, inputs, *kernel), np.int64)
    for group, part in enumerate(op.weight.reshape(op.groups, -1, inputs, *kernel)):
        weight[group, :, group] = part
    return replace(op, weight=weight.reshape(outputs, -1, *kernel), groups=1)
