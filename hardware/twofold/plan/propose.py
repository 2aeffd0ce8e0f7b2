"""The smallest engine that runs a network on chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Threshold
from twofold.plan.accumulators import accumulator_width, sum_limits
from twofold.plan.area.capacity import Capacity, excess
from twofold.plan.arrange import arrange
from twofold.plan.columns import with_columns
from twofold.plan.fastest import cycles, fastest
from twofold.plan.forms import with_fewer_multipliers, with_fewer_products, with_shared_multipliers
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.memory.layout import blocks_of
from twofold.plan.memory.memory_map import allocate, lifetimes
from twofold.plan.memory.parameters import words_per_block
from twofold.plan.pairing import kind_beside
from twofold.plan.results import transfers
from twofold.plan.split import Split
from twofold.plan.stages import Stage, stages
from twofold.plan.threshold_form import executed
from twofold.plan.tiles import correction, holds
from twofold.plan.timing.cost import BusTiming, CostModel
from twofold.rtl.geometry import ACCUMULATOR_BITS_MAX, ACCUMULATOR_BITS_MIN, Geometry, PeName
from twofold.rtl.inner_product import ProductTiming
from twofold.rtl.isa import LANES_PE
from twofold.rtl.mac.kinds import pe_kind, pe_kinds
from twofold.rtl.primitives.family import Family

PREFERENCE = (PeName.APOT_SHIFT, PeName.INT8_DSP, PeName.INT_MUL)
"""The first of these that holds a layer is used: shifts, half a DSP block a product, or LUTs."""

LUT_DA_WEIGHTS = (-16, 15)
"""Layers with weights outside of these bounds are not given to `lut_da`: wide tables do not pay."""

INT4_DSP_WEIGHTS = (-15, 15)
"""The widest weights that `int4_dsp` packs by threes."""

_ADDRESSES = 1 << 16

_WEIGHT_BANKS = 4
"""More are of use only to layers of few pixels."""

_SLOWER = 1.03
"""What leaving out products or multipliers may cost: 3% of the cycles of all layers."""

_ANY_BUS = BusTiming(1, 1, 0)


def propose(
    network: Network,
    lanes: int = 8,
    preference: Sequence[PeName] = PREFERENCE,
    accumulator_bits: int | None = None,
    tiles: int = 1,
    family: Family = Family.PORTABLE,
    device: Capacity | None = None,
    table_weights: tuple[int, int] = LUT_DA_WEIGHTS,
    beside: PeName | None = None,
) -> Geometry:
    """A geometry of `tiles` tiles of `lanes` × `lanes`, with the PE kinds that the layers need and memories
    for them.

    accumulator_bits: None for as many as the network's sums need. device: whose DSP blocks are not exceeded
    for speed, and for whose block RAMs memories of weights and parameters get a second part where one alone
    would be too many. table_weights: bounds of the weights that `lut_da` is given. beside: the kind that
    computes half of a layer's output blocks while another kind computes the others, where that saves cycles;
    None: a layer uses one kind. Raises UserError if no kind holds a layer, and for a `beside` that is not
    among the preferred kinds behind the first.
    """
    if beside is not None and beside not in preference[1:]:
        words = ", ".join(preference[1:]) or "a second kind"
        raise UserError(f"beside: expected a kind that another one is preferred to, {words}, got {beside}")
    arranged = arrange(network, lanes, tiles)
    parts = stages(arranged.network, arranged.views)
    draft = _with_kinds(parts, Geometry(lanes=lanes, family=family), preference, table_weights)
    draft = replace(draft, tiles=tiles, weight_banks=min(tiles, _WEIGHT_BANKS))
    if beside in draft.kinds[1:]:
        draft = replace(draft, beside=beside)
    draft = replace(draft, sum_words=_depth(max(_sum_words(stage, draft) for stage in parts)))
    lean = next(with_fewer_multipliers(parts, draft))
    draft = _leanest(parts, _within(tuple(with_fewer_products(parts, lean)), device))
    draft = _leanest(parts, _within(tuple(with_fewer_multipliers(parts, draft)), device))
    draft = _leanest(parts, tuple(with_shared_multipliers(draft)))
    parts = tuple(executed(part, draft) for part in parts)
    draft = _with_sums(arranged.network, parts, draft, accumulator_bits)
    parts, _ = with_columns(parts, draft)
    if not any(_split(part, draft).paired for part in parts):
        draft = replace(draft, beside=None)
    return _with_memories(parts, draft, device)


def _with_kinds(
    parts: Sequence[Stage], draft: Geometry, preference: Sequence[PeName], table_weights: tuple[int, int]
) -> Geometry:
    """The kinds that the layers need, as wide as they need them. Raises UserError if none holds a layer."""
    draft = replace(draft, apot_activation_bits=_apot_activation_bits(parts, draft))
    if PeName.LUT_DA in preference:
        draft = _fit_lut_da(parts, draft, table_weights)
    if PeName.INT4_DSP in preference:
        draft = _fit_int4_dsp(parts, draft)
    needed = {_kind_for(stage, draft, preference) for stage in parts if isinstance(stage.body, Conv2d)}
    return replace(draft, kinds=tuple(name for name in preference if name in needed) or (preference[-1],))


def _with_memories(parts: Sequence[Stage], draft: Geometry, device: Capacity | None) -> Geometry:
    """Memories for all maps, weights, parameters, instructions; those of weights and parameters in two parts
    where one alone would be too many block RAMs for `device`."""
    lives = lifetimes(parts, draft.lanes, draft.tiles, prefetch=len(parts))
    addresses = allocate(lives, _ADDRESSES)
    chosen = [_split(stage, draft) for stage in parts]
    weights = sum(map(partial(_weight_words, draft), parts, chosen))
    parameters = sum(map(partial(_parameter_words, draft.lanes), parts, chosen))
    whole = replace(
        draft,
        activation_words=_depth(max(addresses[life.name] + life.words for life in lives)),
        weight_words=_depth(weights),
        parameter_words=_depth(parameters),
        instructions=max(64, 1 << _instructions(parts, draft).bit_length()),
    )
    if device is None or "bram36" not in excess(whole, device):
        return whole
    return replace(whole, weight_words=_close_depth(weights), parameter_words=_close_depth(parameters))


def _with_sums(
    network: Network, parts: Sequence[Stage], draft: Geometry, accumulator_bits: int | None
) -> Geometry:
    """Sums as wide as the network needs, in tiles that are not full as wide as stages of thresholds need."""
    if accumulator_bits is not None:
        return replace(draft, accumulator_bits=accumulator_bits)
    kinds = pe_kinds(draft)
    slacks = [0] * len(parts)
    for place, part in enumerate(parts):
        if isinstance(part.body, Conv2d):
            used = (next(kind for kind in kinds if holds(kind, part)), kind_beside(part, draft))
            corrections = [correction(part.body, part.operands[0], kind) for kind in used if kind]
            slacks[place] = int(np.abs(corrections).max(initial=0))
    least = max(ProductTiming.of(draft).sum_bits, ACCUMULATOR_BITS_MIN)
    widths = [max(accumulator_width(limit), least) for limit in sum_limits(network, parts, slacks)]
    found = zip(widths, parts, strict=True)
    lean = max((bits for bits, part in found if isinstance(part.quantiser, Threshold)), default=least)
    widest = min(max(widths), ACCUMULATOR_BITS_MAX)
    lean_bits = None if draft.multipliers == draft.tiles else min(lean, widest)
    return replace(draft, accumulator_bits=widest, lean_bits=lean_bits)


def _leanest(parts: Sequence[Stage], choices: Sequence[Geometry]) -> Geometry:
    """The first choice that costs next to no cycles more than the last."""
    limit = _SLOWER * _layer_cycles(parts, choices[-1])
    return next(lean for lean in choices if _layer_cycles(parts, lean) <= limit)


def _within(choices: Sequence[Geometry], device: Capacity | None) -> Sequence[Geometry]:
    """Those with no more DSP blocks than the device has; the first, which has the fewest, if none is."""
    if device is None:
        return choices
    return [choice for choice in choices if "dsp" not in excess(choice, device)] or choices[:1]


def _layer_cycles(parts: Sequence[Stage], geometry: Geometry) -> int:
    cost = CostModel(geometry, _ANY_BUS)
    found, _ = with_columns([executed(part, geometry) for part in parts], geometry)
    return sum(cycles(stage, _pe(stage, geometry), _split(stage, geometry), cost) for stage in found)


def _pe(stage: Stage, geometry: Geometry) -> int:
    kinds = pe_kinds(geometry)
    return next((place + 1 for place, kind in enumerate(kinds) if holds(kind, stage)), LANES_PE)


def _split(stage: Stage, geometry: Geometry) -> Split:
    return fastest(stage, _pe(stage, geometry), CostModel(geometry, _ANY_BUS))


def _instructions(parts: Sequence[Stage], geometry: Geometry) -> int:
    """Enough for the loads, prefetches and stores of every block, several instructions a layer, and more."""
    if geometry.tiles == 1:
        return 4 * len(parts) + 16
    maps = [parts[0].operands[0], parts[0].operands[0], *(stage.result for stage in parts)]
    moved = sum(len(list(transfers(geometry, map_, 0))) for map_ in maps)
    return moved + (4 + geometry.weight_banks) * len(parts) + 16


def _depth(words: int) -> int:
    """The least depth that holds them, at least what a block RAM has anyway; streaming beyond the limit."""
    return min(max(1 << (words - 1).bit_length(), 512), _ADDRESSES)


def _close_depth(words: int) -> int:
    """As `_depth`, or the sum of two powers of two if that is less."""
    first = 1 << (words.bit_length() - 1)
    return min(first + _depth(words - first), _depth(words)) if words > first else _depth(words)


def _kind_for(stage: Stage, geometry: Geometry, preference: Sequence[PeName]) -> PeName:
    for name in preference:
        if holds(pe_kind(name, geometry), stage):
            return name
    names = ", ".join(preference)
    raise UserError(f"{stage.name}: expected weights and activations that one of {names} holds, found none")


def _apot_activation_bits(parts: Sequence[Stage], geometry: Geometry) -> int:
    """Width of the widest activations that meet APoT weights."""
    kind = pe_kind(PeName.APOT_SHIFT, geometry)
    widths = [stage.operands[0].bits for stage in parts if holds(kind, stage)]
    return max(widths, default=2)


def _fit_lut_da(parts: Sequence[Stage], draft: Geometry, bounds: tuple[int, int]) -> Geometry:
    """The tables no wider than the weights and activations of the layers that they can hold."""
    low, high = bounds
    kind = pe_kind(PeName.LUT_DA, replace(draft, lut_da_low=low, lut_da_high=high))
    held = [stage for stage in parts if holds(kind, stage)]
    low, high = _weight_range(held)
    return replace(
        draft,
        lut_da_low=low,
        lut_da_high=high,
        lut_da_activation_bits=max((stage.operands[0].bits for stage in held), default=1),
    )


def _fit_int4_dsp(parts: Sequence[Stage], draft: Geometry) -> Geometry:
    """Lanes no wider than the weights of the layers that they can hold: four to a block, or three."""
    low, high = INT4_DSP_WEIGHTS
    kind = pe_kind(PeName.INT4_DSP, replace(draft, int4_dsp_low=low, int4_dsp_high=high))
    low, high = _weight_range([stage for stage in parts if holds(kind, stage)])
    return replace(draft, int4_dsp_low=low, int4_dsp_high=high)


def _weight_range(parts: Sequence[Stage]) -> tuple[int, int]:
    """Bounds of all weights, at least 0 and 1."""
    weights = [stage.body.weight for stage in parts if isinstance(stage.body, Conv2d)]
    low, high = (
        min((int(w.min()) for w in weights), default=0),
        max((int(w.max()) for w in weights), default=1),
    )
    return min(low, 0), max(high, 1)


def _weight_words(geometry: Geometry, stage: Stage, split: Split) -> int:
    """Of each bank."""
    if not isinstance(stage.body, Conv2d):
        return 0
    kind, beside = (
        next(kind for kind in pe_kinds(geometry) if holds(kind, stage)),
        kind_beside(stage, geometry),
    )
    rows, columns = stage.body.weight.shape[2:]
    inputs = InputBlocks.of(stage, split.blocks, geometry)
    parts = kind.parts(stage.operands[0].channels)
    groups = len(inputs.firsts)
    if beside and split.paired:
        return groups // 2 * inputs.count * rows * columns * (kind.load_words + beside.load_words)
    return groups * inputs.count * rows * columns * parts * kind.load_words


def _parameter_words(lanes: int, stage: Stage, split: Split) -> int:
    groups = -(-blocks_of(stage.sums.channels, lanes) // split.blocks)
    return groups * split.blocks * (1 + words_per_block(stage))


def _sum_words(stage: Stage, geometry: Geometry) -> int:
    """Sums that stay are all there at once; others for one block, up to what a block RAM has anyway."""
    if stage.quantiser is None:
        return blocks_of(stage.sums.channels, geometry.lanes) * stage.sums.pixels
    return max(min(stage.sums.pixels, 512), stage.sums.width)
