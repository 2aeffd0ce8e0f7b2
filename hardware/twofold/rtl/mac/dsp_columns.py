"""Arrays of chained DSP blocks, each of which multiplies several packed weights by one activation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Module, Shape, Signal, Value

from twofold.network.types import IntArray
from twofold.rtl.mac.interface import PeArray, PeKind, outside, pack
from twofold.rtl.mac.lane_carries import Counter, Tap, count_carries
from twofold.rtl.mac.packed_lanes import PackedLanes
from twofold.rtl.mac.packed_operand import packed_operand, signs_below
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.multiply_add import MultiplyAdd


@dataclass(frozen=True)
class DspColumns(PeKind):
    """Columns of `rows` blocks, one for each `packing.lanes` outputs; the last may have lanes to spare.

    inputs: rows of a column, if less than `tin`: only the first so many activations are multiplied, and the
    weights of the others must be 0. More of them take several passes, each with other activations first.
    Memory words hold `rows_per_word` rows each, column after column without gaps, the first row lowest, and
    of each row `packing.fields` of its weights, lane 0 lowest.
    """

    family: Family = Family.PORTABLE
    inputs: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inputs is not None and not 1 <= self.inputs <= self.tin:
            raise ValueError(f"expected 1 to {self.tin} rows of a column, got {self.inputs}")

    @property
    def rows(self) -> int:
        """Blocks of a column."""
        return self.tin if self.inputs is None else self.inputs

    @property
    @abstractmethod
    def packing(self) -> PackedLanes:
        """How weights share an operand."""

    @property
    def activation_shape(self) -> Shape:
        return Shape.cast(range(self.packing.activation_low, self.packing.activation_high + 1))

    @property
    def activation_range(self) -> tuple[int, int]:
        return self.packing.activation_low, self.packing.activation_high

    @property
    def columns(self) -> int:
        return -(-self.tout // self.packing.lanes)

    @property
    def dsp(self) -> int:
        """Blocks of the array."""
        return self.columns * self.rows

    @property
    def row_bits(self) -> int:
        """Bits of a memory word that hold one row's weights."""
        return self.packing.lanes * self.packing.weight_bits

    @property
    def rows_per_word(self) -> int:
        return min(8 * self.tin // self.row_bits, self.dsp)

    @property
    def load_words(self) -> int:
        return -(-self.dsp // self.rows_per_word)

    @property
    def settle(self) -> int:
        """The last row takes its weights rows − 1 cycles after the first, before which they must stay."""
        return max(0, self.rows - 1 - self.load_words)

    @cached_property
    def counters(self) -> tuple[Counter, ...]:
        """Of each boundary between lanes, from the lowest."""
        counters: list[Counter] = []
        for lane in range(self.packing.lanes - 1):
            counters.append(Counter(self.packing, lane, _start(counters)))
        return tuple(counters)

    @property
    def start(self) -> int:
        """What the sum of a column begins with, chosen so that what a lane is ahead of its own sum, the carry
        and this, is its count of k bits less 2^k: a number of constant sign, and a LUT a bit to subtract."""
        return _start(self.counters)

    @property
    def latency(self) -> int:
        """Five registers to the first block's sum, one a block further down, the counters', one for `y`."""
        return 5 + self.rows + max(counter.latency for counter in self.counters)

    @property
    def sum_range(self) -> tuple[int, int]:
        ranges = [self._lane_range(lane) for lane in range(self.packing.lanes)]
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    def _lane_range(self, lane: int) -> tuple[int, int]:
        """Bounds of one lane's sums, rows of negative packed weights adding what their count has too much."""
        packing = self.packing
        products = [w * a for w in (packing.low, packing.high) for a in self.activation_range]
        low, high = min(products), max(products)
        offset = 0
        if lane < len(self.counters) and self.counters[lane].by_sign:
            width, counter = packing.width(lane), self.counters[lane]
            high = max(high, counter.negative_rows << width)
            low = min(0, low + (counter.negative_rows << width))
            offset = counter.zero << width
        if lane and self.counters[lane - 1].by_sign:
            low -= self.counters[lane - 1].negative_rows
        return self.rows * low + min(0, offset), self.rows * high + max(0, offset)

    def refusal(self, weights: IntArray) -> str | None:
        if weights.ndim == 2 and weights[:, self.rows :].any():
            return f"expected weights of the first {self.rows} inputs alone, found others"
        return outside(weights, self.packing.low, self.packing.high)

    def _by_column(self, weights: IntArray) -> IntArray:
        """[tout, tin] → [columns, rows, lanes], lanes to spare 0."""
        spare = self.columns * self.packing.lanes - self.tout
        whole = np.pad(np.asarray(weights, np.int64)[:, : self.rows], ((0, spare), (0, 0)))
        return whole.reshape(self.columns, self.packing.lanes, self.rows).transpose(0, 2, 1)

    def words(self, weights: IntArray) -> list[int]:
        rows = self.packing.fields(self._by_column(weights)).reshape(self.dsp, self.packing.lanes)
        return [
            pack(rows[first : first + self.rows_per_word].flatten(), self.packing.weight_bits)
            for first in range(0, self.dsp, self.rows_per_word)
        ]

    def correction(self, weights: IntArray) -> IntArray:
        found = np.zeros((self.columns, self.packing.lanes), np.int64)
        negative = np.count_nonzero(self.packing.below(self._by_column(weights)) < 0, axis=1)
        for lane, counter in enumerate(self.counters):
            if counter.by_sign:
                excess = counter.negative_rows * negative[:, lane]
                found[:, lane] -= (excess + counter.zero) << self.packing.width(lane)
                found[:, lane + 1] += excess
        return found.flatten()[: self.tout]

    def component(self) -> PeArray:
        return DspColumnsArray(self)


def _start(counters: Sequence[Counter]) -> int:
    return sum(counter.lane_above << counter.bit for counter in counters)


@dataclass(frozen=True)
class _Enables:
    """When a block takes its weights: from the bus, from where they wait, and for use."""

    load: Value
    hold: Value
    use: Value


class DspColumnsArray(PeArray):
    """Blocks chained by their cascade, whose registers hold the weights, those in waiting too.

    Row i works i cycles behind row 0. The skew of the activations is shared by the columns. See `PeArray`
    for the ports.
    """

    kind: DspColumns

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows = [delay(m, self.a[index], index + 1, f"a_{index}") for index in range(self.kind.rows)]
        lowest = [delay(m, a[:2], MultiplyAdd.LATENCY, f"a_low_{index}") for index, a in enumerate(rows)]
        hold, *uses = self._swaps(m)
        bus = [self._row_weights(m, place) for place in range(self.kind.rows_per_word)]
        loads = self._loads(m)
        for column in range(self.kind.columns):
            sums: list[Value] = []
            known: list[list[Value]] = []
            cascade: Value | None = None
            for index, activation in enumerate(rows):
                word, place = divmod(column * self.kind.rows + index, self.kind.rows_per_word)
                enables, name = _Enables(loads[word], hold, uses[index]), f"dsp_{column}_{index}"
                operand, *bits = bus[place]
                total, cascade = self._block(m, operand, activation, cascade, enables, name)
                sums.append(total)
                known.append([_kept(m, value, enables, f"{name}_known_{n}") for n, value in enumerate(bits)])
            taps = [
                [
                    Tap(total, low, bits[lane][0], bits[lane][1:])
                    for total, low, bits in zip(sums, lowest, known, strict=True)
                ]
                for lane in range(self.kind.packing.lanes - 1)
            ]
            self._outputs(m, column, sums[-1], taps)
        return m

    def _swaps(self, m: Module) -> list[Value]:
        """When waiting weights are passed on, the same for all rows, and when each row begins to use them."""
        swaps = [delay(m, self.swap, 1, "swap")]
        for index in range(self.kind.rows):
            swaps.append(delay(m, swaps[-1], 1, f"swap_{index}"))
        return swaps

    def _loads(self, m: Module) -> list[Value]:
        """When each of a tile's words is on the bus."""
        return [
            delay(m, self.load_valid & (self.load_index == word), 1, f"load_{word}")
            for word in range(self.kind.load_words)
        ]

    def _row_weights(self, m: Module, place: int) -> list[Value]:
        """A row's weights on the bus: the operand, then for each boundary the sign of what lies below it
        and the two lowest bits of the weight above it."""
        packing = self.kind.packing
        row = self.load_word.word_select(place, self.kind.row_bits)
        fields = [row.word_select(lane, packing.weight_bits) for lane in range(packing.lanes)]
        signs = signs_below(fields, packing)
        values = [packed_operand(fields, signs, packing)]
        for sign, above in zip(signs, fields[1:], strict=False):
            values.append(Cat(sign, above[0] ^ sign, above[1] ^ (sign & above[0])))
        return [delay(m, value, 1, f"bus_{place}_{n}") for n, value in enumerate(values)]

    def _block(
        self,
        m: Module,
        operand: Value,
        activation: Value,
        cascade: Value | None,
        enables: _Enables,
        name: str,
    ) -> tuple[Value, Value]:
        """The sum up to this row, to the fabric and to the next block."""
        start = self.kind.start if cascade is None else None
        shape = self.kind.activation_shape
        bits = shape.width + (not shape.signed)
        m.submodules[name] = dsp = MultiplyAdd(self.kind.family, start, factor_bits=bits)
        m.d.comb += [
            dsp.operand.eq(operand),
            dsp.load.eq(enables.load),
            dsp.hold.eq(enables.hold),
            dsp.use.eq(enables.use),
            dsp.factor.eq(activation),
        ]
        if cascade is not None:
            m.d.comb += dsp.previous.eq(cascade)
        return dsp.p, dsp.cascade

    def _outputs(self, m: Module, column: int, total: Value, taps: Sequence[Sequence[Tap]]) -> None:
        """Takes a column's sum apart; lane j is its own bits and count, less the count of the lane below."""
        packing, counters = self.kind.packing, self.kind.counters
        latency = max(counter.latency for counter in counters)
        total = delay(m, total, latency, f"total_{column}")
        below: Value | None = None
        for lane, output in enumerate(self._lane_outputs(column)):
            value: Value = total[packing.shifts[lane] :].as_signed()
            name, count = f"count_{column}_{lane}", None
            if lane < len(counters):
                counter = counters[lane]
                count = delay(m, count_carries(m, counter, taps[lane], name), latency - counter.latency, name)
                upper = count if counter.by_sign else Cat(count[:-1], ~count[-1]).as_signed()
                value = _joined(total[packing.shifts[lane] : counter.bit], upper)
            m.d.sync += output.eq(value if below is None else value - Cat(below, 1).as_signed())
            below = count

    def _lane_outputs(self, column: int) -> list[Value]:
        first = column * self.kind.packing.lanes
        return [
            self.y[output] for output in range(first, min(first + self.kind.packing.lanes, self.kind.tout))
        ]


def _joined(low: Value, high: Value) -> Value:
    """high·2^width + low, with the sign of `high`."""
    joined = Cat(low, high)
    return joined.as_signed() if high.shape().signed else joined


def _kept(m: Module, value: Value, enables: _Enables, name: str) -> Value:
    """A block's weights, in the cycle of its sum with the activation that meets them first and after."""
    for enable, stage in ((enables.load, "waiting"), (enables.hold, "held"), (enables.use, "used")):
        kept = Signal(len(value), name=f"{name}_{stage}", reset_less=True)
        with m.If(enable):
            m.d.sync += kept.eq(value)
        value = kept
    return delay(m, value, MultiplyAdd.LATENCY - 2, f"{name}_last")
