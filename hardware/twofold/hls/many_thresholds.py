"""Thresholds that registers do not hold, as a multiplier and a bias."""

from __future__ import annotations

from dataclasses import dataclass, replace

from twofold.hls.budget import UNROLL_MAX
from twofold.network.graph import Network
from twofold.network.multiplier_form import MultiplierForm, multiplier_forms
from twofold.network.ops import Op, Requantise, Threshold


@dataclass(frozen=True, eq=False)
class BiasedRequantise(Requantise):
    """`clamp(round_half_even((x + bias) · multiplier[c] / 2^shift[c]) + zero_point − biased)`."""

    bias: int = 0
    biased: int = 0


def with_multipliers(network: Network) -> Network:
    """The same integers: quantisers of more than `UNROLL_MAX` thresholds in all, such as those of 8-bit sums
    of operands with zero points, multiply instead of comparing. Those of uneven steps, and those whose
    channels need unlike biases, stay as they are.
    """
    wide = [op for op in network.ops if isinstance(op, Threshold) and op.thresholds.size > UNROLL_MAX]
    if not wide:
        return network
    forms = multiplier_forms(network, min(op.thresholds.shape[1] for op in wide))
    found = {op.name: forms[op.name] for op in wide if op.name in forms and _has_one_bias(forms[op.name])}
    return replace(network, ops=tuple(_multiplied(op, found.get(op.name)) for op in network.ops))


def _has_one_bias(form: MultiplierForm) -> bool:
    return bool((form.bias == form.bias[0]).all())


def _multiplied(op: Op, form: MultiplierForm | None) -> Op:
    if form is None:
        return op
    given, bias = form.quantiser, int(form.bias[0])
    scaling = (given.multiplier, given.shift, given.bounds)
    return BiasedRequantise(op.name, op.inputs, op.output, *scaling, bias, form.biased)
