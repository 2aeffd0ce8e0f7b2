"""What a whole engine takes of a device of the 7 series, before anything is synthesised.

The sum of its parts, each counted from its structure: LUTs and flip-flops a bit of what it holds and adds.
What does not grow with the geometry, the bus and the control, is a constant, taken from synthesis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from twofold.network.rounding import MULTIPLIER_BITS
from twofold.plan.area.arrays import area, filler_area, table_tile_area
from twofold.plan.area.memory import block_rams
from twofold.rtl.deep_memory import depth_parts
from twofold.rtl.geometry import BEAT_BITS, LANE_BITS, SUM_WORD_BITS, Feature, Geometry
from twofold.rtl.isa import WORDS
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.kinds import pe_kinds, table_kind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.operands import Operands
from twofold.rtl.primitives.shared_table_ram import shared_table_cells
from twofold.rtl.requantize.multiply import SHIFT_BITS
from twofold.rtl.requantize.search import search_widths
from twofold.rtl.tile import THRESHOLD_BITS

COUNTER_BITS = 32


@dataclass(frozen=True)
class EngineArea:
    """lut: without those used as memories and shift registers, `lutram`. bram36: blocks of 36 Kbit."""

    lut: int = 0
    lutram: int = 0
    ff: int = 0
    dsp: int = 0
    bram36: float = 0

    def __add__(self, other: EngineArea) -> EngineArea:
        return EngineArea(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def times(self, count: int) -> EngineArea:
        return EngineArea(*(count * getattr(self, f.name) for f in fields(self)))


def engine_area(geometry: Geometry) -> EngineArea:
    """The area of `Engine(geometry)` in the form of `Family.XC7`."""
    tiles = sum(
        (_tile(geometry, full=tile < geometry.multipliers) for tile in range(geometry.tiles)), EngineArea()
    )
    shared = sum((*_fillers(geometry), _memories(geometry), _CONTROL, _exchange(geometry)), EngineArea())
    return tiles + shared


_CONTROL = EngineArea(lut=2300, lutram=60, ff=1900)
"""Bus, registers, sequencer, counters, address generators."""


def _tile(geometry: Geometry, *, full: bool) -> EngineArea:
    arrays = (_array(kind, geometry) for kind in pe_kinds(geometry))
    parts = [_operands(geometry, full), _sums(geometry, full), _codes(geometry, full)]
    parts += [_second(geometry, kind, full) for kind in pe_kinds(geometry) if kind.name == geometry.beside]
    return sum((*arrays, *parts), EngineArea())


def _array(kind: PeKind, geometry: Geometry) -> EngineArea:
    found = table_tile_area(kind) if isinstance(kind, LutDa) else area(kind)
    parts = kind.parts(geometry.lanes)
    choice = _choice(parts) * kind.rows * (LANE_BITS + 1)
    return EngineArea(found.lut + choice, found.lutram, found.ff, found.dsp)


def _choice(count: int) -> int:
    """LUTs of a multiplexer of so many bits: of four in one, beyond with the multiplexers behind LUTs."""
    return 0 if count == 1 else -(-count // 4)


def _operands(geometry: Geometry, full: bool) -> EngineArea:
    """Lanes of a word or the padding, shifted for additions, and the numbers that are chosen and added."""
    lanes, (registers, choices) = geometry.lanes, zip(*_numbers(geometry, full), strict=True)
    codes, shifted = LANE_BITS + 1, LANE_BITS + 1 + geometry.lane_shift
    padded = codes if Feature.PADDING in geometry.features else 1
    return EngineArea(
        lut=lanes * (padded + _choice(geometry.lane_shift + 1) * shifted + sum(choices)),
        ff=lanes * (codes + shifted + sum(registers)),
    )


def _numbers(geometry: Geometry, full: bool) -> Iterator[tuple[int, int]]:
    """For each place of a lane's numbers, bits and LUTs: a choice of two takes one for two bits."""
    kinds = pe_kinds(geometry)
    operands = Operands.of([kind.addends for kind in kinds], full=full)
    widths = (LANE_BITS + 1 + geometry.lane_shift, *(kind.addend_bits for kind in kinds))
    for place in range(operands.count):
        sources = operands.sources(place)
        bits = max(widths[source] for source in sources)
        yield bits, (len(sources) - 1) * -(-bits // 2)


def _sums(geometry: Geometry, full: bool) -> EngineArea:
    lanes, bits = geometry.lanes, geometry.tile_bits(full=full)
    kept = 2 * full
    return EngineArea(
        lut=lanes * bits * (1 + kept + 2 * (Feature.MAX_POOLING in geometry.features)),
        ff=lanes * bits * (2 + kept) + 40,
        bram36=block_rams(geometry.sum_words, lanes * bits),
    )


def _second(geometry: Geometry, beside: PeKind, full: bool) -> EngineArea:
    """Sums of the kind beside, its numbers on the way to them, and the choice of what is recalled."""
    lanes, bits = geometry.lanes, geometry.tile_bits(full=full)
    return EngineArea(
        lut=lanes * (bits + -(-bits // 2)),
        ff=lanes * (2 * bits + beside.sum_bits) + 40,
        bram36=block_rams(geometry.sum_words, lanes * bits),
    )


def _codes(geometry: Geometry, full: bool) -> EngineArea:
    codes = LANE_BITS if full or not geometry.level_bits else geometry.level_bits
    lane = EngineArea(ff=geometry.tile_bits(full=full) + codes)
    if geometry.thresholds:
        lane += _search(geometry, full) + EngineArea(lut=LANE_BITS * full)
    multipliers = _multiplier(geometry).times(full * geometry.lanes // geometry.multiplier_pace)
    return lane.times(geometry.lanes) + multipliers


def _multiplier(geometry: Geometry) -> EngineArea:
    """With what the lanes that take turns at it wait in, and the choice among them."""
    unit, lanes = EngineArea(lut=130, lutram=5, ff=92, dsp=1), geometry.multiplier_pace
    if lanes == 1:
        return unit
    chosen = geometry.accumulator_bits + MULTIPLIER_BITS + SHIFT_BITS
    return unit + EngineArea(lut=_choice(lanes) * chosen + lanes, ff=lanes * (chosen + LANE_BITS + 1))


def _search(geometry: Geometry, full: bool) -> EngineArea:
    """Comparisons of two bits a LUT; a memory of 32 words, and a bit of its first address."""
    bits, steps = geometry.tile_bits(full=full), THRESHOLD_BITS
    return EngineArea(
        lut=steps * -(-bits // 2) + 1 + (0 if geometry.level_bits else LANE_BITS),
        lutram=4 * shared_table_cells(search_widths(bits, steps, geometry.level_bits)),
        ff=steps * bits + steps * (steps + 5) // 2 + (geometry.level_bits or LANE_BITS),
    )


def _fillers(geometry: Geometry) -> Iterator[EngineArea]:
    kind = table_kind(geometry)
    if kind is not None:
        found = filler_area(kind)
        yield EngineArea(found.lut, found.lutram, found.ff).times(geometry.weight_banks)


def _exchange(geometry: Geometry) -> EngineArea:
    """Between tiles and banks, both ways: words (`twofold.rtl.exchange`), and the addresses of each."""
    if geometry.tiles == 1:
        return EngineArea()
    word, places = geometry.activation_word_bits, geometry.tiles
    return EngineArea(
        lut=places * (geometry.bank_bits * word + 12 * 16),
        ff=places * (2 * word + 6 * 16),
    )


def _second_part(depth: int, width: int) -> int:
    """LUTs that choose between the parts of a `DeepMemory`: two bits in one, which has two outputs."""
    return -(-width // 2) if len(depth_parts(depth)) > 1 else 0


def _memories(geometry: Geometry) -> EngineArea:
    """Block RAMs but for the partial sums', and the words that wait before and behind them."""
    blocks = (
        geometry.tiles * block_rams(geometry.activation_words, geometry.activation_word_bits),
        geometry.weight_banks * block_rams(geometry.weight_words, geometry.weight_word_bits),
        block_rams(geometry.parameter_words, geometry.parameter_word_bits),
        block_rams(geometry.instructions * WORDS, BEAT_BITS),
        block_rams(geometry.instructions, COUNTER_BITS),
    )
    words = geometry.weight_banks * geometry.weight_word_bits + geometry.lanes * (
        2 * LANE_BITS + SUM_WORD_BITS
    )
    lut = geometry.weight_banks * _second_part(geometry.weight_words, geometry.weight_word_bits)
    lut += _second_part(geometry.parameter_words, geometry.parameter_word_bits)
    return EngineArea(lut=lut, ff=words + 2 * geometry.lanes * SUM_WORD_BITS, bram36=sum(blocks))
