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
from twofold.rtl.operands import Operands
from twofold.rtl.primitives.mux_pair import mux_pair


@dataclass(frozen=True)
class ProductTiming:
    """What follows from a geometry's PE kinds. Index 0 is the path without weights, k + 1 the kind k.

    latencies: cycles from a word to its sums. load_words: memory words of a tile's weights.
    settles: cycles between the last of these words and the first vector that meets them.
    sum_bits: width of the widest sum. beside: the `pe` of `Geometry.beside`, 0 if there is none.
    """

    latencies: tuple[int, ...]
    load_words: tuple[int, ...]
    settles: tuple[int, ...]
    sum_bits: int
    beside: int

    @classmethod
    def of(cls, geometry: Geometry) -> ProductTiming:
        """Raises UserError if a kind's sums are wider than the geometry's accumulators."""
        kinds = pe_kinds(geometry)
        timing = cls(
            (3, *(2 + kind.latency for kind in kinds)),
            (0, *(kind.load_words for kind in kinds)),
            (0, *(kind.settle for kind in kinds)),
            max(LANE_BITS + 1 + geometry.lane_shift, *(kind.sum_bits for kind in kinds)),
            geometry.kinds.index(geometry.beside) + 1 if geometry.beside else 0,
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

    def is_paired(self, pe: int) -> bool:
        """Whether a layer of this `pe` can be paired: its sums must not come later than those beside it."""
        return 0 < pe != self.beside > 0 and self.latencies[pe] <= self.latencies[self.beside]


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
    y: [count · lanes] numbers of `y_bits` bits, that of lane i in place n of `operands` at n · lanes + i,
    `ProductTiming.latencies[pe]` cycles after the word; one word a cycle. Those of other sources are 0.

    Only with `Geometry.beside`, whose kind meets every word:
    beside: [lanes] its sums, as many cycles after the word as if they were on `y`.
    recall, recalled: [lanes] in the next cycle `y` has these numbers of `recalled_bits` bits in its first
    place, and 0 in the others.
    """

    def __init__(self, geometry: Geometry, operands: Operands, recalled_bits: int = 0):
        lanes = geometry.lanes
        self.kinds = pe_kinds(geometry)
        self.lane_bits = LANE_BITS + 1
        timing = ProductTiming.of(geometry)
        self.lanes, self.lane_shift, self.family = lanes, geometry.lane_shift, geometry.family
        self.operands, self.beside_pe = operands, timing.beside
        self.y_bits = max(timing.sum_bits, recalled_bits)
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
                "y": Out(data.ArrayLayout(signed(self.y_bits), lanes * operands.count)),
                **(self._beside(recalled_bits) if self.beside_pe else {}),
            }
        )

    def _beside(self, recalled_bits):
        kind = self.kinds[self.beside_pe - 1]
        return {
            "beside": Out(data.ArrayLayout(signed(kind.sum_bits), self.lanes)),
            "recall": In(1),
            "recalled": In(data.ArrayLayout(signed(recalled_bits), self.lanes)),
        }

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
        if self.beside_pe:
            m.d.sync += self.beside.eq(results[self.beside_pe])
        for place in range(self.operands.count):
            sources = self.operands.sources(place)
            for i in range(self.lanes):
                numbers = {pe: results[pe][n * self.lanes + i] for pe, n in sources.items()}
                recalled = self.recalled[i] if self.beside_pe and not place else None
                self._choose(m, self.y[place * self.lanes + i], numbers, recalled, f"number_{place}_{i}")
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

    def _choose(self, m, y, numbers, recalled, name):
        """`y` is the number of `pe`, or 0 where that has none; by reset, which costs no LUT."""
        wanted = {pe: (self.pe == pe, number) for pe, number in numbers.items()}
        if recalled is not None:
            wanted["recalled"] = (self.recall, recalled)
        shape = signed(max(len(number) for _, number in wanted.values()))
        extended = {source: Signal(shape, name=f"{name}_of_{source}") for source in wanted}
        m.d.comb += [extended[source].eq(number) for source, (_, number) in wanted.items()]
        first, *others = wanted
        chosen = extended[first]
        for source in others:
            now, label = wanted[source][0], f"{name}_or_{source}"
            chosen = mux_pair(m, now, extended[source], chosen, self.family, label).as_signed()
        m.d.sync += y.eq(chosen)
        if len(numbers) <= len(self.kinds):
            with m.If(~Cat(now for now, _ in wanted.values()).any()):
                m.d.sync += y.eq(0)
        if self.beside_pe and recalled is None:
            with m.If(self.recall):
                m.d.sync += y.eq(0)

    def _shifted(self, m, lanes, shift):
        width = self.lane_bits + self.lane_shift
        result = Signal(data.ArrayLayout(signed(width), self.lanes), reset_less=True)
        amount = shift[: self.lane_shift.bit_length()]
        m.d.sync += [result[i].eq(lanes[i] << amount) for i in range(self.lanes)]
        return result
