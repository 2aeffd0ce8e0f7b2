"""APoT quantisers for Brevitas layers, weights and activations (arXiv 1909.13144, sections 2.3 to 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from brevitas.function.ops_ste import round_ste
from brevitas.inject import ExtendedInjector
from brevitas.proxy import ActQuantProxyFromInjector, WeightQuantProxyFromInjector
from torch import Tensor, nn
from torch.autograd import Function

from twofold.quant.levels import ApotLevels, activation_levels, weight_levels

PUBLISHED_WEIGHT_ALPHA = 3.0
PUBLISHED_ACTIVATION_ALPHA = 8.0
#: Of the levels -alpha, 0 and alpha, the one of the least mean square error for a normal distribution of
#: deviation 1 (Max, "Quantizing for Minimum Distortion", IRE Transactions on Information Theory 6, 1960,
#: table I, N = 3).
TERNARY_WEIGHT_ALPHA = 1.224
#: A smaller share of the magnitude is what float32 makes of equal weights' deviation.
_ALIKE = 1e-6


def first_weight_alpha(bits: int) -> float:
    """Where the clipping value of weights of `bits` bits starts, in their deviations.

    The published 3 would leave 87% of two-bit weights at 0.
    """
    return TERNARY_WEIGHT_ALPHA if bits == 2 else PUBLISHED_WEIGHT_ALPHA


def deviation(weight: Tensor) -> Tensor:
    """Standard deviation of weights of any shape, a scalar that clipping values are in units of.

    Of weights that are all alike, as a single one is, their magnitude, and 1 if that is 0: no clipping value
    begins at 0, where there would be no scale.
    """
    magnitude = weight.abs().amax()
    if weight.numel() > 1 and (spread := weight.std()) > _ALIKE * magnitude:
        return spread
    return torch.where(magnitude > 0, magnitude, 1.0)


#: Up to so many levels, compiled comparisons are faster than a table.
_FEW_LEVELS = 64


def _nearest_level(magnitude: Tensor, values: tuple[int, ...], nearest: Tensor) -> Tensor:
    """The level nearest to each magnitude of any shape, in float32, strides as those of `magnitude`.

    values, nearest: of `ApotLevels`. Magnitudes below zero and NaN give 0, those beyond the last level the
    last, so that the training loop can tell of divergence. Compiled code compares with the thresholds in
    one pass over memory, which a table in the middle would split into three.
    """
    if torch.compiler.is_compiling() and len(values) <= _FEW_LEVELS:
        return _compare(magnitude, values)
    return _look_up(nearest, magnitude * 2)


def _compare(magnitude: Tensor, values: tuple[int, ...]) -> Tensor:
    """The levels 0, 1, 2, ... that all sets begin with by rounding, those beyond them by comparing."""
    last = next(place for place, value in enumerate([*values[1:], 0]) if value != place + 1)
    rounded = torch.floor(magnitude + 0.5).clamp(max=last)
    level = torch.where(magnitude >= 0.5, rounded, 0.0)
    for below, above in pairwise(values[last:]):
        level = torch.where(magnitude >= (below + above) / 2, float(above), level)
    return level


def _look_up(table: Tensor, place: Tensor) -> Tensor:
    """`table[floor(place)]`; strides as those of `place`, which is dense.

    Selecting rows by 32-bit indices takes a third of the time of indexing with a tensor.
    """
    within = torch.fmax(place.clamp(max=table.numel() - 1), place.new_zeros(()))
    index = within.to(torch.int32)
    flat = index.as_strided((index.numel(),), (1,))
    return table.index_select(0, flat).as_strided(index.shape, index.stride())


def _projected(ctx: Any, x: Tensor, scale: Tensor, level: Tensor, largest: int) -> Tensor:
    """`level · scale` in x's type, which is kept for the backward pass in place of the levels.

    A layer keeps its input anyway. Levels kept beside it, compiled code would find by comparing once more.
    """
    exact = level * scale
    value = exact.to(x.dtype)
    ctx.save_for_backward(x, scale, value if _tells_levels(x.dtype, largest) else exact)
    ctx.largest = largest
    return value


def _tells_levels(dtype: torch.dtype, largest: int) -> bool:
    """Whether a level's real value, rounded to `dtype`, is nearer to it than to the next integer."""
    return largest * torch.finfo(dtype).eps < 0.9


def _kept(ctx: Any) -> tuple[Tensor, Tensor]:
    """Of the forward pass, in units of the scale: x, and the level of each."""
    x, scale, value = ctx.saved_tensors
    return x.float() / scale, torch.round(value.float() / scale)


class _ProjectSigned(Function):
    """`scale · sign(x) · nearest level of |x / scale|`, clipped at the largest level."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, values: tuple[int, ...], nearest: Tensor) -> Tensor:
        level = _nearest_signed_level(x.float() / scale, values, nearest)
        return _projected(ctx, x, scale, level, values[-1])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Straight through for x, clipped or not; the scale learns from the error inside the clip."""
        (grad,), (place, level) = grads, _kept(ctx)
        error = torch.where(place.abs() > ctx.largest, level, level - place)
        return grad, (grad.float() * error).sum(), None, None


def _nearest_signed_level(place: Tensor, values: tuple[int, ...], nearest: Tensor) -> Tensor:
    return torch.copysign(_nearest_level(place.abs(), values, nearest), place) + 0.0


class _ProjectUnsigned(Function):
    """`scale · nearest level of max(x, 0) / scale`, clipped at the largest level."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, values: tuple[int, ...], nearest: Tensor) -> Tensor:
        level = _nearest_level(x.float() / scale, values, nearest)
        return _projected(ctx, x, scale, level, values[-1])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Straight through inside the clip, zero for x beyond it."""
        (grad,), (place, level) = grads, _kept(ctx)
        clipped = place > ctx.largest
        grad_scale = (grad.float() * torch.where(clipped, level, level - place)).sum()
        return torch.where(clipped, 0.0, grad), grad_scale, None, None


class _ApotQuant(nn.Module):
    """Projects onto APoT levels with a learned clipping value alpha = largest level · scale.

    The scale is the power of two nearest to alpha / largest level (in the logarithm), with a
    straight-through gradient; with `power_of_two = False` it is alpha / largest level as published.
    """

    levels: ApotLevels
    nearest: Tensor
    zero_point: Tensor
    container: Tensor

    def __init__(self, levels: ApotLevels, signed: bool, alpha: float, power_of_two: bool) -> None:
        super().__init__()
        self.levels, self.power_of_two = levels, power_of_two
        self.alpha = nn.Parameter(torch.tensor(float(alpha)))
        self.register_buffer("nearest", torch.tensor(levels.nearest, dtype=torch.float32), persistent=False)
        self.register_buffer("zero_point", torch.tensor(0.0), persistent=False)
        container = torch.tensor(float(levels.container_bits + signed))
        self.register_buffer("container", container, persistent=False)

    def scale(self) -> Tensor:
        """Real value of one LSB, a scalar."""
        scale = self.alpha.abs() / self.levels.largest
        return 2.0 ** round_ste(torch.log2(scale)) if self.power_of_two else scale

    def set_scale(self, scale: float) -> None:
        with torch.no_grad():
            self.alpha.fill_(scale * self.levels.largest)


class ApotWeightQuant(_ApotQuant):
    """Brevitas `tensor_quant` of weights: any shape → (value, scale, zero point, container width).

    apot_bits: width with the sign, 2 to 8. normalise: shift to mean 0 and deviation 1 first, as
    published, a single weight to its sign; False once the normalised weights are the layer's own.
    """

    def __init__(
        self,
        apot_bits: int,
        normalise: bool = True,
        alpha_init: float = PUBLISHED_WEIGHT_ALPHA,
        po2_scale: bool = True,
    ) -> None:
        super().__init__(weight_levels(apot_bits), True, alpha_init, po2_scale)
        self.apot_bits, self.normalise = apot_bits, normalise

    def normalised(self, weight: Tensor) -> Tensor:
        """The weights before projection; mean and deviation take no gradient."""
        if not self.normalise:
            return weight
        constant, least = weight.detach(), torch.finfo(torch.float32).tiny
        if weight.numel() == 1:
            return weight / constant.abs().clamp_min(least)
        return (weight - constant.mean()) / constant.std().clamp_min(least)

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        scale = self.scale()
        value = _ProjectSigned.apply(self.normalised(weight), scale, self.levels.values, self.nearest)
        return value, scale, self.zero_point, self.container


@torch.no_grad()
def centre_filters(model: nn.Module) -> None:
    """Shifts the weights of layers that normalise them so that filters of zeros are of the level 0.

    Normalisation takes the mean of all weights off, and 0 with it to another level where the mean is not 0.
    The filters [I, K, K] of a layer that are not all zeros lose their mean: what they are normalised to stays
    the same but for the deviation, and the layer's mean is 0. A single weight has no mean to lose.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and _normalises(layer) and layer.weight.numel() > 1:
            kept = layer.weight.flatten(1).any(1)
            if kept.any():
                layer.weight[kept] -= layer.weight[kept].mean()


def _normalises(layer: nn.Module) -> bool:
    quantiser = getattr(getattr(layer, "weight_quant", None), "tensor_quant", None)
    return isinstance(quantiser, ApotWeightQuant) and quantiser.normalise


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """`load_state_dict`, after which Brevitas's new quantisers still normalise or not as the old ones did."""
    before = {
        name: module.normalise
        for name, module in model.named_modules()
        if isinstance(module, ApotWeightQuant)
    }
    model.load_state_dict(weights)
    for name, normalise in before.items():
        quantiser = model.get_submodule(name)
        assert isinstance(quantiser, ApotWeightQuant)
        quantiser.normalise = normalise


class ApotActivationQuant(_ApotQuant):
    """Brevitas `tensor_quant` of non-negative activations: any shape → (value, scale, zero point, container).

    apot_bits: 2 to 8.
    """

    def __init__(
        self, apot_bits: int, alpha_init: float = PUBLISHED_ACTIVATION_ALPHA, po2_scale: bool = True
    ) -> None:
        super().__init__(activation_levels(apot_bits), False, alpha_init, po2_scale)
        self.apot_bits = apot_bits

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        scale = self.scale()
        value = _ProjectUnsigned.apply(x, scale, self.levels.values, self.nearest)
        return value, scale, self.zero_point, self.container


class ApotWeightProxy(WeightQuantProxyFromInjector):
    """A proxy type of its own, so that export finds the handler of APoT weights."""


class ApotActivationProxy(ActQuantProxyFromInjector):
    """A proxy type of its own, so that export finds the handler of APoT activations."""


class ApotWeight(ExtendedInjector):
    """4-bit weights; `ApotWeight.let(apot_bits=b)` for other widths."""

    proxy_class = ApotWeightProxy
    tensor_quant = ApotWeightQuant
    apot_bits = 4
    signed = True
    narrow_range = True
    alpha_init = PUBLISHED_WEIGHT_ALPHA
    po2_scale = True
    normalise = True


class ApotActivation(ExtendedInjector):
    """4-bit non-negative activations; `ApotActivation.let(apot_bits=b)` for other widths."""

    proxy_class = ApotActivationProxy
    tensor_quant = ApotActivationQuant
    apot_bits = 4
    signed = False
    narrow_range = False
    alpha_init = PUBLISHED_ACTIVATION_ALPHA
    po2_scale = True
