"""What HLS does not finish, said before anything is written."""

from __future__ import annotations

from math import prod

from twofold.hls.budget import UNROLL_MAX
from twofold.hls.kernels import plain_kernel
from twofold.hls.options import HlsOptions, HlsStrategy
from twofold.hls.types import IoType
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Linear, Threshold, Upsample2d

_UNROLLED = (HlsStrategy.LATENCY, HlsStrategy.DISTRIBUTED_ARITHMETIC)


def check_sizes(network: Network, options: HlsOptions) -> None:
    """Raises NetworkError, with what to change, for the first array that is too large for registers."""
    if options.io is IoType.PARALLEL:
        for tensor in network.tensors.values():
            expected = f"at most {UNROLL_MAX} elements, all in registers, for io_parallel; choose io_stream"
            _check(tensor.name, "elements", expected, tensor.elements)
    for op in network.ops:
        if isinstance(op, Conv2d | Linear):
            _check_products(op, options)
        elif isinstance(op, Threshold):
            expected = (
                f"at most {UNROLL_MAX} in registers, or equal steps, which a multiplier gives; choose fewer "
                "bits or channels"
            )
            _check(op.name, "thresholds", expected, op.thresholds.size)
        elif isinstance(op, Upsample2d):
            channels, _, width = network.operands(op)[0].shape
            expected = f"rows of at most {UNROLL_MAX} elements in registers; choose a narrower map"
            _check(op.name, "row", expected, channels * width)


def _check_products(op: Conv2d | Linear, options: HlsOptions) -> None:
    outputs, *kernel = plain_kernel(op).shape if isinstance(op, Conv2d) else op.weight.shape
    inputs = prod(kernel)
    expected = f"at most {UNROLL_MAX} inputs of an output in registers; choose a narrower layer"
    _check(op.name, "weight", expected, inputs)
    if options.strategy in _UNROLLED:
        expected = (
            f"at most {UNROLL_MAX} products to unroll for {options.strategy}; choose {HlsStrategy.BUDGET} or "
            f"{HlsStrategy.RESOURCE}, with a board or a board file of yours if you gave a part alone"
        )
        _check(op.name, "weight", expected, inputs * outputs)


def _check(name: str, field: str, expected: str, found: int) -> None:
    if found > UNROLL_MAX:
        raise NetworkError(name, field, expected, f"{found:,}")
