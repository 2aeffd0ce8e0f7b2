"""Gives accumulators and sums their width from range analysis (numerics: accumulation is exact)."""

from __future__ import annotations

from dataclasses import replace

from twofold.network.graph import Network
from twofold.network.ops import Add, Conv2d, Linear, SumPool2d
from twofold.network.ranges import value_ranges
from twofold.network.types import width_of


def narrow_accumulators(network: Network) -> Network:
    """The network with the narrowest width for every result of a convolution, linear layer, sum or addition.

    Signed where the range has negative numbers; zero points stay, so the width covers them too.
    """
    ranges = value_ranges(network)
    tensors = dict(network.tensors)
    for op in network.ops:
        if isinstance(op, Conv2d | Linear | SumPool2d | Add):
            tensor = tensors[op.output]
            zero = tensor.type.zero_point
            lo, hi = (
                bound(value, zero) for bound, value in zip((min, max), ranges[op.output].bounds, strict=True)
            )
            type_ = replace(tensor.type, signed=lo < 0, bits=width_of(lo, hi))
            tensors[op.output] = replace(tensor, type=type_)
    return replace(network, tensors=tensors)
