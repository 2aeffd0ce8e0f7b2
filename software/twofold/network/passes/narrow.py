"""Gives accumulators and sums their width from range analysis (numerics: accumulation is exact)."""

from __future__ import annotations

from dataclasses import replace

from twofold.network.graph import Network
from twofold.network.ops import Add, Conv2d, Flatten, Linear, MaxPool2d, SumPool2d, Upsample2d, WeightedAdd
from twofold.network.ranges import value_ranges
from twofold.network.types import IntType, width_of


def narrow_accumulators(network: Network) -> Network:
    """Each result of a convolution, linear layer, sum pooling or addition in the narrowest width for it.

    Signed where the range has negative numbers; zero points stay, so the width covers them too. Maxima,
    upsampled and flattened tensors keep the type of what they select from.
    """
    ranges = value_ranges(network)
    tensors = dict(network.tensors)
    for op in network.ops:
        if isinstance(op, Conv2d | Linear | SumPool2d | Add | WeightedAdd):
            type_ = _narrowed(tensors[op.output].type, *ranges[op.output].bounds)
        elif isinstance(op, MaxPool2d | Upsample2d | Flatten):
            type_ = tensors[op.inputs[0]].type
        else:
            continue
        tensors[op.output] = replace(tensors[op.output], type=type_)
    return replace(network, tensors=tensors)


def _narrowed(type_: IntType, lo: int, hi: int) -> IntType:
    lo, hi = min(lo, type_.zero_point), max(hi, type_.zero_point)
    return replace(type_, signed=lo < 0, bits=width_of(lo, hi))
