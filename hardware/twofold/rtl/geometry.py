"""The choices that are fixed when an engine is generated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twofold.errors import UserError
from twofold.rtl.isa import TAP_BITS, TILES_MAX, WINDOW_BITS
from twofold.rtl.primitives.family import Family

LANE_BITS = 8
BEAT_BITS = 64
SUM_WORD_BITS = 32
ACCUMULATOR_BITS_MIN = 16
ACCUMULATOR_BITS_MAX = 24
TILES = tuple(1 << log2 for log2 in range(TILES_MAX.bit_length()))
LANES_MAX = 32
"""The widest words of which the DMAs can count a transfer's beats."""
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

    lanes: Tin = Tout, the channels of one memory word; a multiple of 8, so that a word is whole 64-bit beats,
        up to LANES_MAX.
    tiles: PE arrays of each kind, with partial sums and a requantiser each; 1, 2, 4, 8 or 16. They work side
    by side on bands of a layer's rows, on blocks of its output channels, or on some of each.
    weight_banks: of weight memory, at most `tiles`, a power of two: blocks of output channels that are
    convolved at a time.
    kinds: the PE arrays, each lanes × lanes; a layer names the one it uses.
    beside: the one of `kinds` whose arrays can compute a group of output blocks while those of another kind
    compute the group before, with sums of their own; None: a layer uses one kind.
    apot_activation_bits: width of the unsigned activations of `apot_shift`, 2 to 8.
    int8_dsp_inputs: lanes that `int8_dsp` multiplies a cycle, at least lanes / 16; None: all. A layer of more
    input channels takes several passes.
    int4_dsp_low, int4_dsp_high: bounds of the weights of `int4_dsp`, −15 to 0 and 1 to 15.
    lut_da_low, lut_da_high: bounds of the weights of `lut_da`, −128 to 0 and 1 to 127.
    lut_da_activation_bits: width of the unsigned activations of `lut_da`, 1 to 8.
    accumulator_bits: width of the partial sums, 16 to 24, and no less than the widest kind's products need.
    activation_words, weight_words, parameter_words, sum_words: depths of the memories, powers of two, or for
    weights and parameters the sum of two of at least 512: of each of `tiles` banks, of each of
    `weight_banks`, of one memory, of each tile; their words have lanes × 8, lanes × 8,
    lanes × 32 and lanes × accumulator_bits bits.
    full_tiles: the first so many tiles requantise by multiplier too and keep biases; the others requantise
    by thresholds alone, which hold the biases. None: all tiles.
    lean_bits: width of the partial sums of tiles that are not full, 16 to accumulator_bits; None: the same.
    multiplier_lanes: lanes of a full tile that are requantised by multiplier at a time, a divisor of lanes;
    None: all. The last sweep of such a layer takes lanes / multiplier_lanes cycles a pixel.
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
    beside: PeName | None = None
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
    multiplier_lanes: int | None = None
    thresholds: bool = True
    level_bits: int = LANE_BITS
    features: tuple[Feature, ...] = tuple(Feature)
    lane_shift: int = LANE_SHIFT_MAX
    instructions: int = 64
    family: Family = Family.PORTABLE

    def __post_init__(self) -> None:
        self._check_tiles()
        self._check_kinds()
        self._check_forms()
        self._check_depths()

    def _check_depths(self) -> None:
        for name in ("activation_words", "weight_words", "parameter_words", "sum_words", "instructions"):
            depth = getattr(self, name)
            right = 16 <= depth <= 1 << 16 and not depth & (depth - 1)
            if right or name not in ("weight_words", "parameter_words"):
                _expect(right, name, "a power of two from 16 to 65536", depth)
            else:
                words = "a power of two from 16 to 65536, or the sum of two from 512 on"
                right = depth < 1 << 16 and depth.bit_count() == 2 and not depth % 512
                _expect(right, name, words, depth)

    def _check_tiles(self) -> None:
        right = 8 <= self.lanes <= LANES_MAX and not self.lanes % 8
        _expect(right, "lanes", f"a multiple of 8 from 8 to {LANES_MAX}", self.lanes)
        _expect(self.tiles in TILES, "tiles", f"one of {list(TILES)}", self.tiles)
        banks = self.weight_banks
        right = banks in TILES and banks <= self.tiles
        _expect(right, "weight_banks", f"one of {list(TILES)}, at most {self.tiles}", banks)

    def _check_kinds(self) -> None:
        kinds, inputs = self.kinds, self.int8_dsp_inputs
        right = 1 <= len(kinds) <= 3 and len(set(kinds)) == len(kinds)
        _expect(right, "kinds", "one to three different PE kinds", list(kinds))
        right = self.beside is None or (self.beside in kinds and len(kinds) > 1)
        _expect(right, "beside", f"None, or one of several kinds, here {list(kinds)}", self.beside)
        right = self.beside is not PeName.LUT_DA
        _expect(right, "beside", "a kind whose sums leave as one number", self.beside)
        bits = self.apot_activation_bits
        _expect(2 <= bits <= LANE_BITS, "apot_activation_bits", "2 to 8", bits)
        least = -(-self.lanes // PARTS_MAX)
        right = inputs is None or least <= inputs <= self.lanes
        _expect(right, "int8_dsp_inputs", f"{least} to {self.lanes}", inputs)
        low, high = self.int4_dsp_low, self.int4_dsp_high
        right = -15 <= low <= 0 < high <= 15
        _expect(right, "int4_dsp_low, int4_dsp_high", "-15 to 0 and 1 to 15", f"{low} and {high}")
        low, high = self.lut_da_low, self.lut_da_high
        right = -128 <= low <= 0 < high <= 127
        _expect(right, "lut_da_low, lut_da_high", "-128 to 0 and 1 to 127", f"{low} and {high}")
        bits = self.lut_da_activation_bits
        _expect(1 <= bits <= LANE_BITS, "lut_da_activation_bits", "1 to 8", bits)

    def _check_forms(self) -> None:
        least, bits, lean = ACCUMULATOR_BITS_MIN, self.accumulator_bits, self.lean_bits
        right = least <= bits <= ACCUMULATOR_BITS_MAX
        _expect(right, "accumulator_bits", f"{least} to {ACCUMULATOR_BITS_MAX}", bits)
        full = self.full_tiles
        _expect(full is None or 1 <= full <= self.tiles, "full_tiles", f"1 to {self.tiles}", full)
        _expect(lean is None or least <= lean <= bits, "lean_bits", f"{least} to {bits}", lean)
        shared = self.multiplier_lanes
        right = shared is None or (1 <= shared <= self.lanes and not self.lanes % shared)
        _expect(right, "multiplier_lanes", f"a divisor of {self.lanes}", shared)
        right = self.thresholds or self.multipliers == self.tiles
        _expect(right, "full_tiles", f"{self.tiles} without thresholds", full)
        right = not self.level_bits or 4 <= self.level_bits <= LANE_BITS
        _expect(right, "level_bits", f"0 or 4 to {LANE_BITS}", self.level_bits)
        right = 0 <= self.lane_shift <= LANE_SHIFT_MAX
        _expect(right, "lane_shift", f"0 to {LANE_SHIFT_MAX}", self.lane_shift)

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

    @property
    def multiplier_pace(self) -> int:
        """Cycles that a full tile takes to requantise a word by multiplier."""
        return 1 if self.multiplier_lanes is None else self.lanes // self.multiplier_lanes

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


def _expect(right: bool, name: str, expected: str, found: object) -> None:
    if not right:
        raise UserError(f"{name}: expected {expected}, got {found}")
