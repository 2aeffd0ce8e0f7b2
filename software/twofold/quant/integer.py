"""Uniform integer quantisers, from Brevitas."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import brevitas.nn as qnn
from brevitas.core.scaling import ScalingImplType
from brevitas.core.zero_point import ParameterZeroPoint
from brevitas.inject.enum import RestrictValueType, ScalingPerOutputType
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
    ShiftedUint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFloat,
)
from brevitas.quant.fixed_point import Int8WeightPerChannelFixedPoint

from twofold.quant.recipe import Granularity, Int, Scales
from twofold.quant.uniform import FusedIntQuant

#: Batches whose statistics initialise an activation's scale; Brevitas's own default is 300.
STATISTICS_BATCHES = 2

_WEIGHTS: Mapping[tuple[Granularity, Scales], Any] = {
    (Granularity.TENSOR, Scales.POWER_OF_TWO): Int8WeightPerTensorFixedPoint,
    (Granularity.TENSOR, Scales.FREE): Int8WeightPerTensorFloat,
    (Granularity.CHANNEL, Scales.POWER_OF_TWO): Int8WeightPerChannelFixedPoint,
    (Granularity.CHANNEL, Scales.FREE): Int8WeightPerChannelFloat,
}


def int_weight(recipe: Int) -> Any:
    """Signed, narrow range ±(2^(bits-1) − 1); each scale follows the largest weight that it is for."""
    return _WEIGHTS[recipe.weight_granularity, recipe.scales].let(bit_width=recipe.bits)


def int_activation(bits: int, signed: bool) -> Any:
    """Learned power-of-two scale, initialised from the first `STATISTICS_BATCHES` batches."""
    stock = Int8ActPerTensorFixedPoint if signed else Uint8ActPerTensorFixedPoint
    return stock.let(int_quant=FusedIntQuant, bit_width=bits, collect_stats_steps=STATISTICS_BATCHES)


def free_int_activation(bits: int) -> Any:
    """Unsigned; learned scale, any number, initialised as that of `int_activation`."""
    stock = Uint8ActPerTensorFloat
    return stock.let(int_quant=FusedIntQuant, bit_width=bits, collect_stats_steps=STATISTICS_BATCHES)


def shifted_int_activation(bits: int, scale: float, zero_point: int) -> Any:
    """Unsigned codes whose `zero_point` is worth 0, so that 0 itself is exact; `scale` is a power of two."""
    return ShiftedUint8ActPerTensorFixedPoint.let(
        bit_width=bits,
        scaling_impl_type=ScalingImplType.PARAMETER,
        scaling_init=scale * 2**bits,
        zero_point_impl=ParameterZeroPoint,
        zero_point_init=zero_point * scale,
    )


def constant_int_weight(bits: int, scale: float) -> Any:
    """Signed, narrow range, with a scale (a power of two) that no longer follows the weights."""
    return Int8WeightPerTensorFixedPoint.let(
        bit_width=bits, scaling_impl_type=ScalingImplType.CONST, scaling_init=scale * 2 ** (bits - 1)
    )


def constant_int_activation(bits: int, scale: float) -> Any:
    """Unsigned, with a scale (a power of two) that no longer learns."""
    return Uint8ActPerTensorFixedPoint.let(
        bit_width=bits, scaling_impl_type=ScalingImplType.CONST, scaling_init=scale * 2**bits
    )


def has_free_scale(proxy: Any) -> bool:
    """Whether the weight or activation proxy of an integer quantiser may have any scale."""
    return bool(proxy.quant_injector.restrict_scaling_type == RestrictValueType.FP)


def has_channel_scales(proxy: Any) -> bool:
    """Whether the weight proxy of an integer quantiser has one scale for each filter."""
    return bool(proxy.quant_injector.scaling_per_output_type == ScalingPerOutputType.CHANNEL)


def activation_quantiser(act_quant: Any) -> qnn.QuantIdentity:
    """act_quant: an injector, or the `act_quant` of another quantiser, which both then have in common."""
    with warnings.catch_warnings():
        # Brevitas warns of arguments that it passes itself and that a shared `act_quant` does not need
        warnings.filterwarnings("ignore", "Keyword arguments are being passed", UserWarning)
        return qnn.QuantIdentity(act_quant=act_quant, return_quant_tensor=False)
