"""Two INT8 products in one DSP48E1, columns of them chained through the cascade of partial sums."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Shape, Signal, Value, signed

from twofold.network.types import IntArray, width_of
from twofold.rtl.mac.interface import PeArray, PeKind, outside, pack
from twofold.rtl.mac.pipeline import delay

LANE_SHIFT = 17
"""Place of the upper weight in the multiplier's 25-bit operand: 127·2^17 + 127 < 2^24."""

PRODUCT_BITS = 43
SUM_BITS = 48


@dataclass(frozen=True)
class Int8Dsp(PeKind):
    """Weights in [−127, 127], activations in [−128, 255], tin·tout/2 DSP blocks.

    Outputs 2k and 2k + 1 share a column of `tin` blocks. Each block multiplies `w1·2^17 + w0` by one
    activation and adds it to what comes down the column; −128 is refused because −128·2^17 − 1 leaves
    the 25-bit operand. The lower lane of the sum reaches into the upper one by `repair_bits` bits more
    than its 17; they are told apart by a sum of the upper lane's products modulo 2^repair_bits, kept
    beside the column. Memory word o holds the weights of output o, one byte an input, input 0 lowest.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tout % 2:
            raise ValueError(f"expected an even number of outputs, two for each DSP block, got {self.tout}")
        if LANE_SHIFT + self.sum_bits + 1 > SUM_BITS:
            raise ValueError(f"expected columns whose sums fit {SUM_BITS} bits, got {self.tin} inputs")

    @property
    def name(self) -> str:
        return "int8_dsp"

    @property
    def activation_shape(self) -> Shape:
        return signed(9)

    @property
    def activation_range(self) -> tuple[int, int]:
        return -128, 255

    @property
    def sum_range(self) -> tuple[int, int]:
        return -self.tin * 127 * 255, self.tin * 127 * 255

    @property
    def repair_bits(self) -> int:
        """Bits by which the lower lane is wider than its place."""
        return max(0, width_of(*self.sum_range) - LANE_SHIFT)

    @property
    def load_words(self) -> int:
        return self.tout

    @property
    def latency(self) -> int:
        """Four registers to the first block's sum, one a block further down, one after the repair."""
        return self.tin + 4

    def refusal(self, weights: IntArray) -> str | None:
        return outside(weights, -127, 127)

    def words(self, weights: IntArray) -> list[int]:
        return [pack(row, 8) for row in weights]

    def component(self) -> PeArray:
        return Int8DspArray(self)


@dataclass(frozen=True)
class _Row:
    """What one row of blocks sees: row i works i cycles behind row 0, and so do its load bus and swap."""

    activation: Value
    weights: list[Signal]


class Int8DspArray(PeArray):
    """tout/2 columns of `tin` multiply-adds written as the pattern that becomes DSP48E1 with PCIN and PCOUT.

    The skew of activations and load bus is shared by the columns. See `PeArray` for the ports.
    """

    kind: Int8Dsp

    def elaborate(self, platform: object) -> Module:
        m = Module()
        loads: list[Value] = [self.load_valid & (self.load_index == o) for o in range(self.kind.tout)]
        swap: Value = self.swap
        rows = []
        for index in range(self.kind.tin):
            if index:
                swap = delay(m, swap, 1, f"swap_{index}")
                loads = [delay(m, load, 1, f"load_{index}_{o}") for o, load in enumerate(loads)]
            rows.append(self._row(m, index, loads, swap))
        for column in range(self.kind.tout // 2):
            pairs = [(row.activation, row.weights[2 * column], row.weights[2 * column + 1]) for row in rows]
            packed = _column(m, pairs, f"column_{column}")
            low, high = split_lanes(m, packed, self._repair(m, pairs, column), self.kind)
            m.d.sync += [self.y[2 * column].eq(low), self.y[2 * column + 1].eq(high)]
        return m

    def _row(self, m: Module, index: int, loads: list[Value], swap: Value) -> _Row:
        byte = delay(m, self.load_word.word_select(index, 8), index, f"byte_{index}")
        weights = []
        for output, load in enumerate(loads):
            waiting = Signal(signed(8), name=f"waiting_{index}_{output}", reset_less=True)
            used = Signal(signed(8), name=f"used_{index}_{output}", reset_less=True)
            with m.If(load):
                m.d.sync += waiting.eq(byte)
            with m.If(swap):
                m.d.sync += used.eq(waiting)
            weights.append(used)
        return _Row(delay(m, self.a[index], index + 1, f"a_{index}"), weights)

    def _repair(self, m: Module, pairs: list[tuple[Value, Signal, Signal]], column: int) -> Value | None:
        """The upper lane's sum modulo 2^repair_bits, in the cycle in which the column's sum is ready."""
        bits = self.kind.repair_bits
        if not bits:
            return None
        total: Value | None = None
        for index, (activation, _, upper) in enumerate(pairs):
            product = Signal(bits, name=f"residue_product_{column}_{index}", reset_less=True)
            added = Signal(bits, name=f"residue_{column}_{index}", reset_less=True)
            m.d.sync += product.eq(activation[:bits] * upper[:bits])
            m.d.sync += added.eq(product if total is None else total + product)
            total = added
        assert total is not None
        return delay(m, total, 1, f"residue_last_{column}")


def _column(m: Module, pairs: list[tuple[Value, Signal, Signal]], name: str) -> Signal:
    """Sum of `(w1·2^17 + w0)·a` down a column, three cycles after a row's operands plus one a row."""
    total: Signal | None = None
    for index, (activation, lower, upper) in enumerate(pairs):
        operand = Signal(signed(25), name=f"{name}_operand_{index}", reset_less=True)
        factor = Signal(signed(9), name=f"{name}_factor_{index}", reset_less=True)
        product = Signal(signed(PRODUCT_BITS), name=f"{name}_product_{index}", reset_less=True)
        added = Signal(signed(SUM_BITS), name=f"{name}_sum_{index}", reset_less=True)
        m.d.sync += [operand.eq(packed_operand(lower, upper)), factor.eq(activation)]
        m.d.sync += product.eq(operand * factor)
        m.d.sync += added.eq(product if total is None else total + product)
        total = added
    assert total is not None
    return total


def packed_operand(lower: Value, upper: Value) -> Value:
    """Two weights as the one operand that both products come from."""
    return (upper << LANE_SHIFT) + lower


def split_lanes(m: Module, packed: Value, residue: Value | None, kind: Int8Dsp) -> tuple[Value, Value]:
    """The lower and the upper lane of a packed sum, both exact."""
    upper = packed[LANE_SHIFT:].as_signed()
    if residue is None:
        return packed[:LANE_SHIFT].as_signed(), upper + packed[LANE_SHIFT - 1]
    # What the lower lane carries into the upper one, −2^(k−1) to 2^(k−1) − 1: known modulo 2^k, hence known.
    carry = Signal(signed(kind.repair_bits))
    m.d.comb += carry.eq(upper[: kind.repair_bits] - residue)
    return Cat(packed[:LANE_SHIFT], carry).as_signed(), upper - carry
