"""A stage, or a band of its rows, as the fields of a LAYER instruction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twofold.network.errors import NetworkError
from twofold.network.ops import Add, Conv2d, MaxPool2d, Requantise
from twofold.plan.layout import blocks_of
from twofold.plan.stages import Map, Stage, code_range
from twofold.rtl.geometry import LANE_BITS, Geometry
from twofold.rtl.inner_product import LANE_SHIFT_MAX
from twofold.rtl.isa import ADDRESS_BITS, LANES_PE, WINDOW_BITS, Output
from twofold.rtl.partial_sums import Accumulation

_WRAP = (1 << ADDRESS_BITS) - 1
_WINDOW_MAX = (1 << WINDOW_BITS) - 1


@dataclass(frozen=True)
class Window:
    """How output pixels meet input pixels, in (y, x)."""

    taps: tuple[int, int]
    stride: tuple[int, int]
    origin: tuple[int, int]
    dilation: tuple[int, int]

    @property
    def extent(self) -> tuple[int, int]:
        """Input rows and columns from the first tap to the last, both included."""
        return self.dilation[0] * (self.taps[0] - 1) + 1, self.dilation[1] * (self.taps[1] - 1) + 1

    @classmethod
    def of(cls, stage: Stage) -> Window:
        body = stage.body
        if isinstance(body, Conv2d):
            taps = (body.weight.shape[2], body.weight.shape[3])
            return cls(taps, body.stride, (-body.padding[0], -body.padding[1]), body.dilation)
        if isinstance(body, Add):
            return cls((1, 1), (1, 1), (0, 0), (1, 1))
        if isinstance(body, MaxPool2d):
            return cls(body.kernel, body.stride, (-body.padding[0], -body.padding[1]), (1, 1))
        return cls(body.kernel, body.stride, (0, 0), (1, 1))


@dataclass(frozen=True)
class Placement:
    """On-chip addresses of a stage's operands, result, weights and parameters."""

    operands: tuple[int, ...]
    result: int
    weights: int
    parameters: int


@dataclass(frozen=True)
class Band:
    """Output rows `first` to `first + rows − 1`."""

    first: int
    rows: int


def bands(stage: Stage, geometry: Geometry) -> Iterator[Band]:
    """As few bands as the memory of sums allows. Raises NetworkError if sums cannot be held.

    Sums that are a result stay in the memory, block after block, so they must fit at once.
    """
    width, height = stage.sums.width, stage.sums.height
    if stage.quantiser is None:
        needed = blocks_of(stage.sums.channels, geometry.lanes) * stage.sums.pixels
        if needed > geometry.sum_words:
            raise NetworkError(stage.name, "sums", f"at most {geometry.sum_words} words", needed)
    rows = geometry.sum_words // width
    if rows == 0:
        raise NetworkError(stage.name, "output width", f"at most {geometry.sum_words} columns", width)
    for first in range(0, height, rows):
        yield Band(first, min(rows, height - first))


def layer_fields(stage: Stage, lanes: int, pe: int, place: Placement, band: Band) -> Mapping[str, int]:
    """The fields of a LAYER instruction, for a stage that passes `check_limits`.

    pe: LANES_PE, or the kind's place in the geometry plus 1.
    """
    source, window = stage.operands[0], Window.of(stage)
    origin_y = window.origin[0] + band.first * window.stride[0]
    return {
        "pe": pe,
        "accumulation": int(_accumulation(stage).value),
        "output": int(_output(stage)),
        **_operand_reading(stage),
        **_clamp(stage),
        "out_blocks": blocks_of(stage.sums.channels, lanes),
        "taps_y": window.taps[0],
        "taps_x": window.taps[1],
        "out_height": band.rows,
        "out_width": stage.sums.width,
        "in_height": source.height,
        "in_width": source.width,
        "origin_y": origin_y,
        "origin_x": window.origin[1],
        "stride_y": window.stride[0],
        "stride_x": window.stride[1],
        "dilation_y": window.dilation[0],
        "dilation_x": window.dilation[1],
        "in_base": place.operands[0] + origin_y * source.width & _WRAP,
        **_input_blocks(stage, lanes, pe, place),
        "row_stride": window.stride[0] * source.width,
        "tap_stride": window.dilation[0] * source.width,
        "out_base": place.result + band.first * stage.result.width,
        "out_block_stride": stage.result.pixels,
        "sums_base": 0,
        "sums_block_stride": stage.sums.pixels if stage.quantiser is None else 0,
        "weight_base": place.weights,
        "parameter_base": place.parameters,
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
        "pad": code_range(first)[0] if isinstance(stage.body, MaxPool2d) else first.zero_point,
    }


def _clamp(stage: Stage) -> Mapping[str, int]:
    if not isinstance(stage.quantiser, Requantise):
        return {"clamp_lo": 0, "clamp_hi": 0, "zero_point": 0}
    lo, hi = stage.quantiser.bounds
    return {"clamp_lo": lo, "clamp_hi": hi, "zero_point": stage.offset}


def _input_blocks(stage: Stage, lanes: int, pe: int, place: Placement) -> Mapping[str, int]:
    """Convolutions sum over all input blocks; without weights an output block reads its own block."""
    pixels = stage.operands[0].pixels
    if pe != LANES_PE:
        blocks = blocks_of(stage.operands[0].channels, lanes)
        return {"in_blocks": blocks, "in_block_stride": pixels, "in_out_stride": 0}
    step = place.operands[-1] - place.operands[0]
    return {"in_blocks": len(stage.operands), "in_block_stride": step & _WRAP, "in_out_stride": pixels}


def check_limits(stage: Stage, lanes: int) -> None:
    """Raises NetworkError for what a LAYER cannot express, naming the op."""
    body, source = stage.body, stage.operands[0]
    padding = body.padding if isinstance(body, Conv2d | MaxPool2d) else (0, 0, 0, 0)
    for operand in stage.operands:
        _expect_codes(body.name, operand)
    if stage.quantiser is not None:
        _expect_codes(stage.quantiser.name, stage.result)
    if isinstance(body, Conv2d) and body.groups != 1:
        raise NetworkError(body.name, "groups", "1 on this engine", body.groups)
    if isinstance(body, Add) and max(body.shifts) > LANE_SHIFT_MAX:
        raise NetworkError(body.name, "shifts", f"at most {LANE_SHIFT_MAX}", body.shifts)
    window = Window.of(stage)
    for field, values, limit in (
        ("kernel", window.taps, _WINDOW_MAX),
        ("stride", window.stride, _WINDOW_MAX),
        ("dilation", window.dilation, _WINDOW_MAX),
        ("dilated kernel", window.extent, 1024),
        ("padding", padding, 128),
        ("input size", (source.height, source.width), 2047),
        ("output size", (stage.sums.height, stage.sums.width), 2047),
        ("channels", (source.channels, stage.sums.channels), 255 * lanes),
    ):
        if max(values) > limit:
            raise NetworkError(body.name, field, f"at most {limit}", values)


def _expect_codes(name: str, map_: Map) -> None:
    if map_.bits > LANE_BITS:
        raise NetworkError(name, map_.name, f"codes of at most {LANE_BITS} bits", f"{map_.bits} bits")
