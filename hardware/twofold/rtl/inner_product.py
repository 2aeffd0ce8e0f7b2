"""The vector inner product: one activation word meets Tout weight vectors each cycle."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Array, Cat, Const, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.errors import UserError
from twofold.rtl.geometry import LANE_BITS, LANE_SHIFT_MAX, Feature, Geometry
from twofold.rtl.isa import PART_BITS
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.kinds import pe_kinds, table_kind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.lut_da_tile import LutDaTile
from twofold.rtl.mac.table_filler import FillPort


@dataclass(frozen=True)
class ProductTiming:
    """What follows from a geometry's PE kinds. Index 0 is the path without weights, k + 1 the kind k.

    latencies: cycles from a word to its sums. load_words: memory words of a tile's weights.
    settles: cycles between the last of these words and the first vector that meets them.
    sum_bits: width of the widest sum. addends: as how many numbers, at most, a sum leaves.
    """

    latencies: tuple[int, ...]
    load_words: tuple[int, ...]
    settles: tuple[int, ...]
    sum_bits: int
    addends: int

    @classmethod
    def of(cls, geometry: Geometry) -> ProductTiming:
        """Raises UserError if a kind's sums are wider than the geometry's accumulators."""
        kinds = pe_kinds(geometry)
        timing = cls(
            (3, *(2 + kind.latency for kind in kinds)),
            (0, *(kind.load_words for kind in kinds)),
            (0, *(kind.settle for kind in kinds)),
            max(LANE_BITS + 1 + geometry.lane_shift, *(kind.sum_bits for kind in kinds)),
            max(kind.addends for kind in kinds),
        )
        narrowest = geometry.tile_bits(full=False)
        if timing.sum_bits > narrowest:
            raise UserError(
                f"accumulator_bits: {geometry.lanes} lanes of {', '.join(geometry.kinds)} need at least "
                f"{timing.sum_bits}, got {narrowest}"
            )
        return timing

    @property
    def index_bits(self) -> int:
        """Width of a word's place in a tile."""
        return (max(self.load_words) - 1).bit_length()


class VectorInnerProduct(wiring.Component):
    """All PE arrays of an engine, and the path that hands lanes through, behind one interface.

    A word of `lanes` 8-bit codes is read as signed or unsigned; where `inside` is low every lane is `pad`
    instead, or 0 if the geometry has no `padding`. With `pe` = 0 each lane leaves shifted left by `shift`,
    for additions and pooling; with `pe` = k + 1 the lanes meet the weights of kind k.

    word, inside, signed_lanes, shift, part, swap: the vector of this cycle; `swap` with the first of a tile.
    part: which of its parts a kind with fewer inputs than lanes multiplies.
    pe, pad: stable while vectors are on their way.
    load_pe, load_valid, load_index, load_word: the next tile's weights and their kind, see `mac.interface`.
    tables: only with `lut_da`, whose tables it fills: of the `TableFiller` that is given the same words.
    y: [addends · lanes] numbers of `sum_bits` bits, addend n of lane i in place n · lanes + i,
    `ProductTiming.latencies[pe]` cycles after the word; one word a cycle.
    """

    def __init__(self, geometry: Geometry):
        lanes = geometry.lanes
        self.kinds = pe_kinds(geometry)
        self.lane_bits = LANE_BITS + 1
        timing = ProductTiming.of(geometry)
        self.lanes, self.lane_shift = lanes, geometry.lane_shift
        self.padding = Feature.PADDING in geometry.features
        tables = table_kind(geometry)
        super().__init__(
            {
                "pe": In(range(len(self.kinds) + 1)),
                "pad": In(signed(self.lane_bits)),
                "word": In(lanes * LANE_BITS),
                "inside": In(1),
                "signed_lanes": In(1),
                "shift": In(range(LANE_SHIFT_MAX + 1)),
                "part": In(PART_BITS),
                "swap": In(1),
                "load_pe": In(range(len(self.kinds) + 1)),
                "load_valid": In(1),
                "load_index": In(timing.index_bits),
                "load_word": In(geometry.weight_word_bits),
                **({"tables": In(FillPort(tables))} if tables else {}),
                "y": Out(data.ArrayLayout(signed(timing.sum_bits), lanes * timing.addends)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes = Signal(data.ArrayLayout(signed(self.lane_bits), self.lanes), reset_less=True)
        swap, shift, part = Signal(), Signal(self.shift.shape()), Signal(self.part.shape())
        m.d.sync += [swap.eq(self.swap), shift.eq(self.shift), part.eq(self.part)]
        for i in range(self.lanes):
            code = self.word.word_select(i, LANE_BITS)
            extended = Cat(code, code[-1] & self.signed_lanes).as_signed()
            m.d.sync += lanes[i].eq(extended)
            with m.If(~self.inside):
                m.d.sync += lanes[i].eq(self.pad if self.padding else 0)
        results: list[data.View] = [self._shifted(m, lanes, shift)]
        for k, kind in enumerate(self.kinds):
            m.submodules[kind.name] = pe = self._array(m, kind, self.load_pe == k + 1)
            own = self._part(kind, lanes, part)
            m.d.comb += [pe.swap.eq(swap), *(pe.a[i].eq(own[i]) for i in range(self.lanes))]
            results.append(pe.y)
        for i in range(len(self.y)):
            self._choose(m, self.y[i], [result[i] if i < len(result) else None for result in results])
        return m

    def _part(self, kind: PeKind, lanes, part):
        """The lanes that a kind multiplies first, those of `part`."""
        if kind.rows == self.lanes:
            return list(lanes)
        padded = [*lanes, *[Const(0)] * kind.rows]
        chosen = [Array(padded[i : self.lanes + i : kind.rows])[part] for i in range(kind.rows)]
        return chosen + [Const(0)] * (self.lanes - kind.rows)

    def _array(self, m, kind: PeKind, chosen):
        """The kind's hardware with its weights, which come as words or as what fills its tables."""
        if isinstance(kind, LutDa):
            tile = LutDaTile(kind)
            m.d.comb += [tile.enable.eq(self.tables.enable), tile.fill.eq(self.tables.fill)]
            return tile
        pe = kind.component()
        m.d.comb += [
            pe.load_valid.eq(self.load_valid & chosen),
            pe.load_index.eq(self.load_index),
            pe.load_word.eq(self.load_word),
        ]
        return pe

    def _choose(self, m, y, numbers):
        """`y` is the number of `pe`, or 0 where that kind has none; by reset, which costs no LUT."""
        given = [(pe, number) for pe, number in enumerate(numbers) if number is not None]
        m.d.sync += y.eq(given[-1][1])
        for pe, number in given[:-1]:
            with m.If(self.pe == pe):
                m.d.sync += y.eq(number)
        if len(given) < len(numbers):
            with m.If(~Cat(self.pe == pe for pe, _ in given).any()):
                m.d.sync += y.eq(0)

    def _shifted(self, m, lanes, shift):
        width = self.lane_bits + self.lane_shift
        result = Signal(data.ArrayLayout(signed(width), self.lanes), reset_less=True)
        amount = shift[: self.lane_shift.bit_length()]
        m.d.sync += [result[i].eq(lanes[i] << amount) for i in range(self.lanes)]
        return result
