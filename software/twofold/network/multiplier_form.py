"""The multiplier form of thresholds, for more of them than an engine or registers hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twofold.network.graph import Network
from twofold.network.lines import Reals, Sides
from twofold.network.ops import Requantise, Threshold
from twofold.network.ranges import ChannelRange, value_ranges
from twofold.network.rounding import MULTIPLIER_BITS, SHIFT_MAX, requantise
from twofold.network.types import IntArray


@dataclass(frozen=True, eq=False)
class MultiplierForm:
    """`quantiser` of the sums and `bias` [C] gives the codes of the thresholds.

    biased: what the bias holds of the zero point, 0 or 1. With 1 ties go to the other neighbour: where the
    zero point is odd, to the even code.
    """

    quantiser: Requantise
    bias: IntArray
    biased: int


def multiplier_forms(network: Network, least: int) -> Mapping[str, MultiplierForm]:
    """By op, for quantisers of `least` thresholds a channel and more whose steps are equal, as those of 8
    bits are that read sums with a zero point; each is the same on every integer of its range."""
    wide = [
        op
        for op in network.ops
        if isinstance(op, Threshold) and op.thresholds.shape[1] >= least and (np.diff(op.levels) == 1).all()
    ]
    if not wide:
        return {}
    ranges = value_ranges(network)
    forms = {op.name: _form(op, network.result(op).type.zero_point, ranges[op.inputs[0]]) for op in wide}
    return {name: form for name, form in forms.items() if form is not None}


def _form(op: Threshold, zero_point: int, range_: ChannelRange) -> MultiplierForm | None:
    edges = np.clip(op.thresholds, range_.lo[:, None], range_.hi[:, None] + 1)
    bounds = (int(op.levels[0]), int(op.levels[-1]))
    for biased in (0, 1):
        constants = _constants(Sides.of(edges, op.levels[1:] - zero_point + biased, range_))
        if constants is not None:
            multiplier, shift, bias = constants
            quantiser = Requantise(op.name, op.inputs, op.output, multiplier, shift, bounds)
            return MultiplierForm(quantiser, bias, biased)
    return None


def _constants(sides: Sides) -> IntArray | None:
    """Multiplier, shift and bias of each channel, [3, C], that keep to all sides; None if one has none."""
    found = np.zeros((3, len(sides.reached)), np.int64)
    missing = np.ones(len(sides.reached), np.bool_)
    for constants in _candidates(sides):
        right = missing & _is_right(sides, *constants)
        found[:, right] = np.array(constants)[:, right]
        missing &= ~right
    return None if missing.any() else found


def _candidates(sides: Sides) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Multipliers, shifts and biases, [C] each: a power of two, whose ties are ties, then what fits best."""
    gain = sides.roomiest()
    for wanted in (2.0 ** np.rint(np.log2(gain)), gain):
        multiplier, shift = _ratio(wanted)
        ratio = np.ldexp(multiplier.astype(np.float64), -shift)
        least, most = sides.offsets(ratio)
        ends = (np.where(np.isfinite(end), end, sides.middle(ratio)) for end in (least, most))
        for offset in (*ends, sides.middle(ratio)):
            exact = np.clip((offset - 0.5) / ratio, -(2.0**31), 2.0**31)
            for bias in (np.ceil(exact), np.floor(exact)):
                yield multiplier, shift, bias.astype(np.int64)


def _ratio(gain: Reals) -> tuple[IntArray, IntArray]:
    """(M, n) with M / 2^n nearest to the gain, M < 2^16 as large as it can be, 0 ≤ n ≤ 47."""
    exponent = np.floor(np.log2(gain)).astype(np.int64)
    shift = np.clip(MULTIPLIER_BITS - 1 - exponent, 0, SHIFT_MAX)
    multiplier = np.rint(np.ldexp(gain, shift)).astype(np.int64)
    return np.clip(multiplier, 1, (1 << MULTIPLIER_BITS) - 1), shift


def _is_right(sides: Sides, multiplier: IntArray, shift: IntArray, bias: IntArray) -> npt.NDArray[np.bool_]:
    """Whether each threshold is reached and the integer before it misses it, [C]."""
    levels = sides.levels.astype(np.int64)
    bounds = (int(levels[0]) - 1, int(levels[-1]))

    def codes(points: Reals) -> IntArray:
        sums = np.where(np.isfinite(points), points, 0).astype(np.int64) + bias[:, None]
        return requantise(sums, multiplier[:, None], shift[:, None], 0, bounds)

    reached = (codes(sides.reached) >= levels) | ~np.isfinite(sides.reached)
    missed = (codes(sides.missed) < levels) | ~np.isfinite(sides.missed)
    return np.asarray((reached & missed).all(axis=1))
