"""The choices that are fixed when an engine is generated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twofold.errors import UserError
from twofold.rtl.isa import TAP_BITS, WINDOW_BITS
from twofold.rtl.primitives.family import Family

LANE_BITS = 8
BEAT_BITS = 64
SUM_WORD_BITS = 32
ACCUMULATOR_BITS_MIN = 16
ACCUMULATOR_BITS_MAX = 24
TILES = (1, 2, 4, 8)
LANE_SHIFT_MAX = 7
PARTS_MAX = 16
"""Passes of a word of activations through a kind with fewer inputs than lanes."""


class PeName(StrEnum):
    """Kinds of processing elements; `twofold.rtl.mac` has one module for each."""

    INT_MUL = "int_mul"
    INT8_DSP = "int8_dsp"
    INT4_DSP = "int4_dsp"
    APOT_SHIFT = "apot_shift"
    LUT_DA = "lut_da"


class Feature(StrEnum):
    """What tiles and loops can do for some networks only; an engine without it has no logic for it."""

    MAX_POOLING = "max_pooling"
    """Partial sums can be maxima."""
    PADDING = "padding"
    """Codes outside of a map can be other than 0."""
    UPSAMPLING = "upsampling"
    """Each pixel can be read for two columns and two rows."""
    LARGE_WINDOWS = "large_windows"
    """Kernels and pools can have up to 255 rows and columns, not only 63."""


@dataclass(frozen=True)
class Geometry:
    """Sizes of an engine.

    lanes: Tin = Tout, the channels of one memory word; a multiple of 8, so that a word is whole 64-bit beats.
    tiles: PE arrays of each kind, with partial sums and a requantiser each; 1, 2, 4 or 8. They work side by
    side on bands of a layer's rows, on blocks of its output channels, or on some of each.
    weight_banks: of weight memory, at most `tiles`, a power of two: blocks of output channels that are
    convolved at a time.
    kinds: the PE arrays, each lanes × lanes; a layer names the one it uses.
    apot_activation_bits: width of the unsigned activations of `apot_shift`, 2 to 8.
    int8_dsp_inputs: lanes that `int8_dsp` multiplies a cycle, at least lanes / 16; None: all. A layer of more
    input channels takes several passes.
    int4_dsp_low, int4_dsp_high: bounds of the weights of `int4_dsp`, −15 to 0 and 1 to 15.
    lut_da_low, lut_da_high: bounds of the weights of `lut_da`, −128 to 0 and 1 to 127.
    lut_da_activation_bits: width of the unsigned activations of `lut_da`, 1 to 8.
    accumulator_bits: width of the partial sums, 16 to 24, and no less than the widest kind's products need.
    activation_words, weight_words, parameter_words, sum_words: depths of the memories, powers of two: of each
    of `tiles` banks, of each of `weight_banks`, of one memory, of each tile; their words have lanes × 8,
    lanes × 8, lanes × 32 and lanes × accumulator_bits bits.
    full_tiles: the first so many tiles requantise by multiplier too and keep biases; the others requantise
    by thresholds alone, which hold the biases. None: all tiles.
    lean_bits: width of the partial sums of tiles that are not full, 16 to accumulator_bits; None: the same.
    thresholds: whether tiles can requantise by thresholds; without, all tiles are full.
    level_bits: width of the codes that thresholds lead to, 4 to 8; those of fewer than 8 bits are unsigned. 0
    if every threshold leads to the next code and none is kept.
    features: what not every network needs.
    lane_shift: greatest left shift of an addition's operands, 0 to 7.
    instructions: depth of the program memory, in instructions of 64 bytes.
    family: whose primitives the engine is built from; results and memory words are the same for all.
    """

    lanes: int = 8
    tiles: int = 1
    weight_banks: int = 1
    kinds: tuple[PeName, ...] = (PeName.INT8_DSP, PeName.APOT_SHIFT)
    apot_activation_bits: int = 8
    int8_dsp_inputs: int | None = None
    int4_dsp_low: int = -10
    int4_dsp_high: int = 10
    lut_da_low: int = -10
    lut_da_high: int = 10
    lut_da_activation_bits: int = 8
    accumulator_bits: int = 24
    activation_words: int = 2048
    weight_words: int = 2048
    parameter_words: int = 512
    sum_words: int = 512
    full_tiles: int | None = None
    lean_bits: int | None = None
    thresholds: bool = True
    level_bits: int = LANE_BITS
    features: tuple[Feature, ...] = tuple(Feature)
    lane_shift: int = LANE_SHIFT_MAX
    instructions: int = 64
    family: Family = Family.PORTABLE

    def __post_init__(self) -> None:
        if self.lanes < 8 or self.lanes % 8:
            raise UserError(f"lanes: expected a positive multiple of 8, got {self.lanes}")
        if self.tiles not in TILES:
            raise UserError(f"tiles: expected one of {list(TILES)}, got {self.tiles}")
        if self.weight_banks not in TILES or self.weight_banks > self.tiles:
            raise UserError(
                f"weight_banks: expected one of {list(TILES)}, at most {self.tiles}, got {self.weight_banks}"
            )
        if not 1 <= len(self.kinds) <= 3 or len(set(self.kinds)) != len(self.kinds):
            raise UserError(f"kinds: expected one to three different PE kinds, got {list(self.kinds)}")
        if not 2 <= self.apot_activation_bits <= LANE_BITS:
            raise UserError(f"apot_activation_bits: expected 2 to 8, got {self.apot_activation_bits}")
        if self.int8_dsp_inputs is not None and not (
            self.lanes <= self.int8_dsp_inputs * PARTS_MAX and self.int8_dsp_inputs <= self.lanes
        ):
            raise UserError(
                f"int8_dsp_inputs: expected {-(-self.lanes // PARTS_MAX)} to {self.lanes}, "
                f"got {self.int8_dsp_inputs}"
            )
        if not -15 <= self.int4_dsp_low <= 0 < self.int4_dsp_high <= 15:
            raise UserError(
                "int4_dsp_low, int4_dsp_high: expected -15 to 0 and 1 to 15, "
                f"got {self.int4_dsp_low} and {self.int4_dsp_high}"
            )
        if not -128 <= self.lut_da_low <= 0 < self.lut_da_high <= 127:
            raise UserError(
                "lut_da_low, lut_da_high: expected -128 to 0 and 1 to 127, "
                f"got {self.lut_da_low} and {self.lut_da_high}"
            )
        if not 1 <= self.lut_da_activation_bits <= LANE_BITS:
            raise UserError(f"lut_da_activation_bits: expected 1 to 8, got {self.lut_da_activation_bits}")
        if not ACCUMULATOR_BITS_MIN <= self.accumulator_bits <= ACCUMULATOR_BITS_MAX:
            raise UserError(
                f"accumulator_bits: expected {ACCUMULATOR_BITS_MIN} to {ACCUMULATOR_BITS_MAX}, "
                f"got {self.accumulator_bits}"
            )
        if self.full_tiles is not None and not 1 <= self.full_tiles <= self.tiles:
            raise UserError(f"full_tiles: expected 1 to {self.tiles}, got {self.full_tiles}")
        if self.lean_bits is not None and not ACCUMULATOR_BITS_MIN <= self.lean_bits <= self.accumulator_bits:
            raise UserError(
                f"lean_bits: expected {ACCUMULATOR_BITS_MIN} to {self.accumulator_bits}, got {self.lean_bits}"
            )
        if not self.thresholds and self.multipliers < self.tiles:
            raise UserError(f"full_tiles: expected {self.tiles} without thresholds, got {self.full_tiles}")
        if self.level_bits and not 4 <= self.level_bits <= LANE_BITS:
            raise UserError(f"level_bits: expected 0 or 4 to {LANE_BITS}, got {self.level_bits}")
        if not 0 <= self.lane_shift <= LANE_SHIFT_MAX:
            raise UserError(f"lane_shift: expected 0 to {LANE_SHIFT_MAX}, got {self.lane_shift}")
        for name in ("activation_words", "weight_words", "parameter_words", "sum_words", "instructions"):
            depth = getattr(self, name)
            if depth < 16 or depth > 1 << 16 or depth & (depth - 1):
                raise UserError(f"{name}: expected a power of two from 16 to 65536, got {depth}")

    @property
    def bank_bits(self) -> int:
        """log2 of the banks of activation memory, one a tile."""
        return self.tiles.bit_length() - 1

    @property
    def tap_bits(self) -> int:
        """Width of a kernel's rows and columns."""
        return TAP_BITS if Feature.LARGE_WINDOWS in self.features else WINDOW_BITS

    @property
    def multipliers(self) -> int:
        """Tiles that requantise by multiplier."""
        return self.tiles if self.full_tiles is None else self.full_tiles

    def tile_bits(self, *, full: bool) -> int:
        """Width of the partial sums of a tile."""
        return self.accumulator_bits if full or self.lean_bits is None else self.lean_bits

    @property
    def activation_word_bits(self) -> int:
        return self.lanes * LANE_BITS

    @property
    def weight_word_bits(self) -> int:
        return self.lanes * LANE_BITS

    @property
    def parameter_word_bits(self) -> int:
        return self.lanes * SUM_WORD_BITS

    @property
    def sum_word_bits(self) -> int:
        """Bits of one word of partial sums as it is stored to memory, each lane extended to 32 bits."""
        return self.lanes * SUM_WORD_BITS
