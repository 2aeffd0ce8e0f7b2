"""A stage, or a part of it, as the fields of a LAYER instruction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.network.errors import NetworkError
from twofold.network.ops import Add, Conv2d, MaxPool2d, Requantise, Threshold, Upsample2d
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.maps import Map, code_range
from twofold.plan.memory.banks import BankLayout
from twofold.plan.memory.layout import blocks_of
from twofold.plan.split import Work
from twofold.plan.stages import Stage
from twofold.plan.window import Window
from twofold.rtl.geometry import LANE_BITS, Feature, Geometry
from twofold.rtl.isa import ADDRESS_BITS, BLOCKS_MAX, LANES_PE, WINDOW_BITS, Output
from twofold.rtl.mac.kinds import pe_kinds
from twofold.rtl.partial_sums import Accumulation

_WRAP = (1 << ADDRESS_BITS) - 1
_WINDOW_MAX = (1 << WINDOW_BITS) - 1


@dataclass(frozen=True)
class Placement:
    """On-chip addresses of the buffers of a stage's operands and result, of its weights and parameters.

    group_weights, group_parameters: words of each group of output blocks.
    """

    operands: tuple[int, ...]
    result: int
    weights: int
    parameters: int
    group_weights: int
    group_parameters: int


def layer_fields(
    stage: Stage, geometry: Geometry, pe: int, place: Placement, work: Work
) -> Mapping[str, int]:
    """The fields of a LAYER instruction, for a stage that passes `check_limits`.

    pe: LANES_PE, or the kind's place in the geometry plus 1.
    """
    source, window, split = stage.operands[0], Window.of(stage), work.split
    return {
        "pe": pe,
        "accumulation": int(_accumulation(stage).value),
        "output": int(_output(stage)),
        **_operand_reading(stage),
        **_clamp(stage),
        **_groups(stage, geometry, work),
        "taps_y": window.taps[0],
        "taps_x": window.taps[1],
        "chained": int(pe == LANES_PE and _is_chained(stage, geometry, work)),
        "parts": 1 if pe == LANES_PE else pe_kinds(geometry)[pe - 1].parts(source.channels),
        "out_height": work.rows,
        "out_width": stage.sums.width,
        "in_height": source.height,
        "in_width": source.width,
        "origin_y": window.origin[0] + window.input_rows(work.first_row),
        "origin_x": window.origin[1],
        "stride_y": window.stride[0],
        "stride_x": window.stride[1],
        "dilation_y": window.dilation[0],
        "dilation_x": window.dilation[1],
        "tile_rows": window.input_rows(split.rows) if split.bands > 1 else 0,
        "doubled": int(window.doubled),
        "early": 0,
        "paired": int(split.paired),
        **_input_rows(stage, geometry, place, work),
        **_input_blocks(stage, geometry, pe, place, work),
        **_results(stage, geometry, place, work),
        "weight_base": place.weights + work.first_group * place.group_weights,
        "parameter_base": place.parameters + work.first_group * place.group_parameters,
    }


def _is_chained(stage: Stage, geometry: Geometry, work: Work) -> bool:
    """Whether all sums are of one pixel, in tiles that can add to the sum of the cycle before."""
    alone = work.rows * stage.sums.width == 1 and work.split.bands == 1
    return alone and work.split.blocks <= geometry.multipliers


def _groups(stage: Stage, geometry: Geometry, work: Work) -> Mapping[str, int]:
    split = work.split
    left = blocks_of(stage.sums.channels, geometry.lanes) - work.first_group * split.blocks
    return {
        "blocks_log2": split.width.bit_length() - 1,
        "tile_blocks": split.blocks,
        "last_blocks": min(left - (work.groups - 1) * split.blocks, split.blocks),
        "out_groups": work.groups,
    }


def _input_rows(stage: Stage, geometry: Geometry, place: Placement, work: Work) -> Mapping[str, int]:
    window, banks = Window.of(stage), BankLayout.of(stage.operands[0], geometry.tiles)
    inputs = InputBlocks.of(stage, work.split.blocks, geometry)
    block = stage.operands[0].first + inputs.firsts[work.first_group]
    origin = window.origin[0] + window.input_rows(work.first_row)
    return {
        "in_base": place.operands[0] + banks.block_address(block),
        "in_band_words": banks.band_words,
        "in_fold": banks.fold_log2,
        "in_bank": banks.bank(origin, block),
        "in_row": banks.row_address(origin),
        "row_stride": banks.row_address(window.stride[0]),
        "row_banks": banks.bank(window.stride[0]),
        "tap_stride": banks.row_address(window.dilation[0]),
        "tap_banks": banks.bank(window.dilation[0]),
    }


def _results(stage: Stage, geometry: Geometry, place: Placement, work: Work) -> Mapping[str, int]:
    banks, split = BankLayout.of(stage.result, geometry.tiles), work.split
    block = stage.result.first + work.first_group * split.blocks
    return {
        "out_base": place.result + banks.block_address(block),
        "out_band_words": banks.band_words,
        "out_fold": banks.fold_log2,
        "out_bank": banks.bank(work.first_row, block),
        "out_row": banks.row_address(work.first_row),
        "out_group_stride": banks.block_address(split.blocks) & _WRAP,
        "sums_base": 0,
        "sums_group_stride": stage.sums.pixels if stage.quantiser is None else 0,
    }


def _accumulation(stage: Stage) -> Accumulation:
    return Accumulation.MAX if isinstance(stage.body, MaxPool2d) else Accumulation.ADD


def _output(stage: Stage) -> Output:
    if stage.quantiser is None:
        return Output.SUMS
    return Output.MULTIPLY if isinstance(stage.quantiser, Requantise) else Output.THRESHOLD


def _operand_reading(stage: Stage) -> Mapping[str, int]:
    """Signs and shifts of the operands, and the code that stands for padding."""
    first, rest = stage.operands[0], stage.operands[-1]
    shifts = stage.body.shifts if isinstance(stage.body, Add) else (0, 0)
    return {
        "signed_first": int(first.signed),
        "signed_rest": int(rest.signed),
        "shift_first": shifts[0],
        "shift_rest": shifts[1],
        "pad": padding_code(stage),
    }


def padding_code(stage: Stage) -> int:
    """What lies outside of the first operand."""
    first = stage.operands[0]
    return code_range(first)[0] if isinstance(stage.body, MaxPool2d) else first.zero_point


def _clamp(stage: Stage) -> Mapping[str, int]:
    if isinstance(stage.quantiser, Threshold):
        return {"clamp_lo": int(stage.quantiser.levels[0]), "clamp_hi": 0, "zero_point": 0}
    if not isinstance(stage.quantiser, Requantise):
        return {"clamp_lo": 0, "clamp_hi": 0, "zero_point": 0}
    lo, hi = stage.quantiser.bounds
    return {"clamp_lo": lo, "clamp_hi": hi, "zero_point": stage.offset}


def _input_blocks(
    stage: Stage, geometry: Geometry, pe: int, place: Placement, work: Work
) -> Mapping[str, int]:
    """Convolutions sum over all input blocks; without weights an output block reads its own block."""
    banks = BankLayout.of(stage.operands[0], geometry.tiles)
    if pe != LANES_PE:
        blocks = InputBlocks.of(stage, work.split.blocks, geometry).count
        return {"in_blocks": blocks, "in_block_stride": banks.band_words & _WRAP, "in_out_stride": 0}
    first, last = (place.operands[i] + banks.block_address(stage.operands[i].first) for i in (0, -1))
    return {
        "in_blocks": len(stage.operands),
        "in_block_stride": last - first & _WRAP,
        "in_out_stride": banks.block_address(work.split.blocks) & _WRAP,
    }


def check_limits(stage: Stage, geometry: Geometry) -> None:
    """Raises NetworkError for what a LAYER cannot express or the geometry lacks, naming the op."""
    body, source = stage.body, stage.operands[0]
    padding = body.padding if isinstance(body, Conv2d | MaxPool2d) else (0, 0, 0, 0)
    for operand in stage.operands:
        _expect_codes(body.name, operand)
    if stage.quantiser is not None:
        _expect_codes(stage.quantiser.name, stage.result)
    if isinstance(body, Add) and max(body.shifts) > geometry.lane_shift:
        raise NetworkError(body.name, "shifts", f"at most {geometry.lane_shift}, lane_shift", body.shifts)
    for needed, feature in (
        (isinstance(body, MaxPool2d), Feature.MAX_POOLING),
        (isinstance(body, Upsample2d), Feature.UPSAMPLING),
        (any(padding) and padding_code(stage), Feature.PADDING),
    ):
        if needed and feature not in geometry.features:
            raise NetworkError(body.name, "op", f"a geometry with {feature}", "one without")
    if isinstance(stage.quantiser, Threshold) and not geometry.thresholds:
        raise NetworkError(stage.quantiser.name, "op", "a geometry with thresholds", "one without")
    window = Window.of(stage)
    for field, values, limit in (
        ("kernel", window.taps, (1 << geometry.tap_bits) - 1),
        ("stride", window.stride, _WINDOW_MAX),
        ("dilation", window.dilation, _WINDOW_MAX),
        ("dilated kernel", window.extent, 1024),
        ("padding", padding, 128),
        ("input size", (source.height, source.width), 2047),
        ("output size", (stage.sums.height, stage.sums.width), 2047),
        ("channels", (source.channels, stage.sums.channels), BLOCKS_MAX * geometry.lanes),
    ):
        if max(values) > limit:
            raise NetworkError(body.name, field, f"at most {limit}", values)


def _expect_codes(name: str, map_: Map) -> None:
    if map_.bits > LANE_BITS:
        expected = (
            f"codes of at most {LANE_BITS} bits (quantise this to {LANE_BITS} bits or fewer, or build with "
            "--backend hls, which takes any width)"
        )
        raise NetworkError(name, map_.name, expected, f"{map_.bits} bits")
