"""What the layers of a network multiply, as `twofold.hls.reuse` counts it."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from twofold.hls.kernels import plain_kernel
from twofold.hls.reuse import Comparisons, Products, Scalings, Work
from twofold.hls.two_terms import two_terms
from twofold.hls.types import HlsType, IoType
from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Linear, Requantise, Threshold


def works_of(network: Network, io: IoType) -> list[Work]:
    """Convolutions, fully connected layers and quantisers, by the op's name."""
    return list(_works(network, io))


def _works(network: Network, io: IoType) -> Iterator[Work]:
    for op in network.ops:
        if isinstance(op, Conv2d):
            outputs, *kernel = plain_kernel(op).shape
            pixels, inputs = prod(network.result(op).shape[1:]), prod(kernel)
            reuse_max = inputs if io is IoType.PARALLEL else None
            yield _products(op, network, pixels, inputs, outputs, reuse_max, _skipped(op, network, io))
        elif isinstance(op, Linear):
            yield _products(op, network, 1, op.weight.shape[1], op.weight.shape[0])
        elif isinstance(op, Requantise):
            yield _scalings(op, network, io)
        elif isinstance(op, Threshold):
            pixels, channels = _at_once(op, network, io)
            bits = network.operands(op)[0].type.bits
            yield Comparisons(op.name, pixels, channels, op.thresholds.shape[1], bits)


def _products(
    op: Conv2d | Linear,
    network: Network,
    pixels: int,
    inputs: int,
    outputs: int,
    reuse_max: int | None = None,
    skipped: int = 0,
) -> Products:
    terms, data_bits = two_terms(op.weight), network.operands(op)[0].type.bits
    weight_bits = HlsType.constants(op.weight).bits if terms is None else terms.bits
    product_bits = data_bits + (weight_bits if terms is None else terms.highest + 2)
    shifts = terms is not None
    return Products(
        op.name, pixels, inputs, outputs, weight_bits, product_bits, shifts, reuse_max, skipped=skipped
    )


def _skipped(op: Conv2d, network: Network, io: IoType) -> int:
    """Padded pixels that a stream brings besides one for each result."""
    if io is not IoType.STREAM:
        return 0
    _, height, width = network.operands(op)[0].shape
    top, left, bottom, right = op.padding
    arriving = (height + top + bottom) * (width + left + right)
    return max(0, arriving - prod(network.result(op).shape[1:]))


def _scalings(op: Requantise, network: Network, io: IoType) -> Scalings:
    pixels, channels = _at_once(op, network, io)
    multiplied = int((np.bitwise_count(op.multiplier) > 1).sum()) * channels // len(op.multiplier)
    return Scalings(op.name, pixels, channels, multiplied, network.operands(op)[0].type.bits)


def _at_once(op: Requantise | Threshold, network: Network, io: IoType) -> tuple[int, int]:
    """Pixels, and what a layer may compute at once: the channels in streams, the whole tensor in parallel."""
    operand = network.operands(op)[0]
    if io is IoType.STREAM:
        return operand.elements // operand.channels, operand.channels
    return 1, operand.elements
