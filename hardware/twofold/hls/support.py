"""What the HLS backend cannot build exactly, said before anything is written."""

from __future__ import annotations

from functools import singledispatch
from math import prod

import numpy as np

from twofold.hls.options import HlsOptions
from twofold.hls.types import IoType
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import (
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Op,
    SumPool2d,
    Threshold,
)

# C simulation hands integers over as doubles.
_BITS_MAX = 53
# hls4ml copies a stream at most this often.
_READERS_MAX = 7


def check_support(network: Network, options: HlsOptions) -> None:
    """Raises NetworkError for the first op that the backend cannot build, and says what it could."""
    io = options.io
    for tensor in network.tensors.values():
        if tensor.type.bits > _BITS_MAX:
            raise NetworkError(
                tensor.name, "type", f"at most {_BITS_MAX} bits for the HLS backend", tensor.type
            )
    if not network.ops or network.output_name == network.input_name:
        raise NetworkError(network.name, "ops", "at least one op before the output", len(network.ops))
    for name, readers in network.consumers.items():
        if io is IoType.STREAM and len(readers) + (name == network.output_name) > _READERS_MAX:
            raise NetworkError(name, "readers", f"at most {_READERS_MAX} of one stream", len(readers))
    for op in network.ops:
        check_op(op, network, io)


@singledispatch
def check_op(op: Op, network: Network, io: IoType) -> None:
    """Rules of one kind of op."""


@check_op.register
def _(op: Conv2d, network: Network, io: IoType) -> None:
    k_h, k_w = op.weight.shape[2:]
    if io is IoType.STREAM and k_h == 1 and k_w > 1 and op.stride[0] > 1:
        raise NetworkError(
            op.name, "stride", "a vertical stride of 1 for a kernel of one row in io_stream", op.stride
        )


@check_op.register
def _(op: MaxPool2d, network: Network, io: IoType) -> None:
    if io is IoType.STREAM and op.kernel != op.stride:
        raise NetworkError(
            op.name, "stride", f"a stride equal to the kernel {op.kernel} in io_stream", op.stride
        )
    if prod(op.kernel) == 1:
        raise NetworkError(op.name, "kernel", "more than one element", op.kernel)


@check_op.register
def _(op: SumPool2d, network: Network, io: IoType) -> None:
    if io is IoType.STREAM and (op.kernel[0] > op.stride[0] or op.kernel[1] > op.stride[1]):
        raise NetworkError(
            op.name, "stride", f"windows that do not overlap in io_stream, stride ≥ {op.kernel}", op.stride
        )


@check_op.register
def _(op: Threshold, network: Network, io: IoType) -> None:
    if not np.diff(op.levels).any():
        raise NetworkError(op.name, "levels", "at least two different levels", op.levels.tolist())


@check_op.register
def _(op: Flatten, network: Network, io: IoType) -> None:
    """A flattened map stays in the order [H, W, C]; the weights of the next layer are reordered to it."""
    readers = network.consumers[op.output]
    if op.output == network.output_name:
        raise NetworkError(op.name, "output", "a Linear after Flatten", "the network's output")
    for reader in readers:
        if not isinstance(reader, Linear) and prod(network.operands(op)[0].shape[1:]) > 1:
            raise NetworkError(
                op.name, "readers", "only Linear after Flatten", f"{reader.kind} {reader.name}"
            )
