"""Uniform integer quantisers with one power-of-two scale a tensor, from Brevitas."""

from __future__ import annotations

from typing import Any

import brevitas.nn as qnn
from brevitas.core.scaling import ScalingImplType
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8WeightPerTensorFixedPoint,
    Uint8ActPerTensorFixedPoint,
)

#: Batches whose statistics initialise an activation's scale; Brevitas's own default is 300.
STATISTICS_BATCHES = 2


def int_weight(bits: int) -> Any:
    """Signed, narrow range ±(2^(bits-1) − 1); the scale follows the largest weight."""
    return Int8WeightPerTensorFixedPoint.let(bit_width=bits)


def int_activation(bits: int, signed: bool) -> Any:
    """Learned scale, initialised from the first `STATISTICS_BATCHES` batches."""
    stock = Int8ActPerTensorFixedPoint if signed else Uint8ActPerTensorFixedPoint
    return stock.let(bit_width=bits, collect_stats_steps=STATISTICS_BATCHES)


def constant_int_weight(bits: int, scale: float) -> Any:
    """Signed, narrow range, with a scale (a power of two) that no longer follows the weights."""
    return Int8WeightPerTensorFixedPoint.let(
        bit_width=bits, scaling_impl_type=ScalingImplType.CONST, scaling_init=scale * 2 ** (bits - 1)
    )


def activation_quantiser(injector: Any) -> qnn.QuantIdentity:
    return qnn.QuantIdentity(act_quant=injector, return_quant_tensor=False)
