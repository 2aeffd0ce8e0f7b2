"""Counting what one packed lane carries into the next, from a few bits of the sums on their way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Signal, Value

from twofold.network.types import width_of
from twofold.rtl.mac.packed_lanes import Boundary, PackedLanes
from twofold.rtl.mac.pipeline import delay


@dataclass(frozen=True)
class Tap:
    """One row of a column, all values of the cycle in which the row's sum is there.

    total: the packed sum up to this row. activation: what the row was multiplied by. negative: whether the
    packed weights of the lane and those below it are. above: the two lowest bits of the weight above.
    """

    total: Value
    activation: Value
    negative: Value
    above: Value


@dataclass(frozen=True)
class Counter:
    """How the carries of a boundary are counted.

    The counter's unsigned value less `zero` is the carry. Counters by sign give `negative_rows` more for
    each row whose packed weights are negative, which makes a constant of the tile.
    start: the sum at the outset. Raises ValueError if that already is far from 0.
    """

    lanes: PackedLanes
    lane: int
    start: int

    def __post_init__(self) -> None:
        bounds = self.lanes.sum_bounds(self.lane, 1, self.start)
        if not self.by_sign and not _within(bounds, 1 << self.bit >> (self.kind is Boundary.QUADRANT)):
            raise ValueError(f"expected sums that begin near 0, got {self.start} below bit {self.bit}")

    @property
    def kind(self) -> Boundary:
        return self.lanes.boundary(self.lane)

    @property
    def by_sign(self) -> bool:
        return self.kind in (Boundary.SIGN, Boundary.SIGN_TWICE)

    @property
    def bit(self) -> int:
        """Place of the boundary in the sum."""
        return self.lanes.shifts[self.lane + 1]

    @property
    def step_bits(self) -> int:
        """Width of the number of passages of one row."""
        return 2 if self.kind is Boundary.SIGN_TWICE else 1

    @property
    def negative_rows(self) -> int:
        """What a row of negative weights adds to the count; see `_by_sign`."""
        return (1 << self.step_bits) - 1 if self.by_sign else 0

    @property
    def bits(self) -> int:
        if self.by_sign:
            return (self.negative_rows * self.lanes.rows).bit_length()
        bounds = self.lanes.sum_bounds(self.lane, self.lanes.rows, self.start)
        low, high = (bound >> self.bit for bound in bounds)
        return width_of(min(low, -1), high)

    @property
    def zero(self) -> int:
        return -(self.start >> self.bit) if self.by_sign else 1 << (self.bits - 1)

    @property
    def lane_above(self) -> int:
        """What the lane above begins with: see `DspColumns.start`."""
        return self.zero - (1 << self.bits)

    @property
    def shown_at_first(self) -> int:
        """The two bits above the boundary before the first row."""
        return (self.lane_above + (self.start >> self.bit)) & 3

    @property
    def latency(self) -> int:
        """Cycles from the last row's sum to the count."""
        return 1 + self.step_bits if self.by_sign else 0


def count_carries(m: Module, counter: Counter, taps: Sequence[Tap], name: str) -> Value:
    """The count, unsigned(counter.bits), `counter.latency` cycles after the last row's sum."""
    match counter.kind:
        case Boundary.QUADRANT:
            corners = [tap.total[counter.bit - 2 : counter.bit] for tap in taps]
            return _offset(_passages(m, counter, corners, counter.bit, name))
        case Boundary.PARITY:
            corners = _widened(m, counter, taps, name)
            high = _passages(m, counter, corners, counter.bit + 1, name)
            return _offset(Cat(corners[-1][1], high))
        case _:
            return _by_sign(m, counter, taps, name)


def _offset(carry: Value) -> Value:
    """A two's complement number with its range begun at 0."""
    return Cat(carry[:-1], ~carry[-1])


def _passages(m: Module, counter: Counter, corners: Sequence[Value], bit: int, name: str) -> Value:
    """floor(sum / 2^bit) after the last row, from bits bit − 2 and bit − 1 of the sum after each row."""
    bits = counter.bits - (bit - counter.bit)
    rows = _observed(counter, bit)
    carry = corners[rows[0]][1].replicate(bits)
    for before, row in pairwise(rows):
        old = delay(m, Cat(corners[before], carry), row - before, f"{name}_{row}")
        carry = stepped(old[2:], old[:2], corners[row])
    return carry


def _observed(counter: Counter, bit: int) -> list[int]:
    """Rows after which the sum is looked at: the first while it is within half the range, its sign being
    its highest bit, the others close enough that it moves by a quarter at most in between."""
    lanes, half = counter.lanes, 1 << (bit - 1)
    stride = (half >> 1) // lanes.step(counter.lane)
    row = lanes.rows
    rows = [row]
    while not _within(lanes.sum_bounds(counter.lane, row, counter.start), half):
        row = max(row - stride, 1)
        rows.append(row)
    return [row - 1 for row in reversed(rows)]


def _within(bounds: tuple[int, int], half: int) -> bool:
    return -half <= bounds[0] and bounds[1] < half


def stepped(carry: Value, old: Value, new: Value) -> Value:
    """The carry after the two highest bits of a lane went from `old` to `new`, neighbours on a circle."""
    passes = (old[0] ^ old[1] ^ 1) & (old[1] ^ new[1])
    down = ~old[1]
    bits: list[Value] = []
    for bit in carry:
        bits.append(bit ^ passes)
        passes = passes & (bit ^ down)
    return Cat(*bits)


def _widened(m: Module, counter: Counter, taps: Sequence[Tap], name: str) -> list[Value]:
    """The two highest bits after each row of the lane with its next bit, the boundary's, made true."""
    true: Value = Const(counter.start >> counter.bit & 1, 1)
    shown: Value = Const(counter.shown_at_first & 1, 1)
    corners = []
    for row, tap in enumerate(taps):
        old = delay(m, Cat(true, shown), 1, f"{name}_true_{row}") if row else Cat(true, shown)
        shown = tap.total[counter.bit]
        true = old[0] ^ old[1] ^ shown ^ (tap.activation[0] & tap.above[0])
        corners.append(Cat(tap.total[counter.bit - 1], true))
    return corners


def _by_sign(m: Module, counter: Counter, taps: Sequence[Tap], name: str) -> Value:
    """Sum of each row's passages n, complemented where its weights are negative: ~n = negative_rows − n."""
    shown: Value = Const(counter.shown_at_first, 2)
    steps: list[list[Value]] = [[] for _ in range(counter.step_bits)]
    for row, tap in enumerate(taps):
        old = delay(m, shown, 1, f"{name}_shown_{row}") if row else shown
        shown = tap.total[counter.bit : counter.bit + 2]
        for place, (part, moves) in enumerate(zip(steps, moved(old, shown, tap), strict=False)):
            step = Signal(name=f"{name}_step_{row}_{place}", reset_less=True)
            m.d.sync += step.eq(moves ^ tap.negative)
            part.append(step)
    counts = [_population(m, part, f"{name}_{place}") for place, part in enumerate(steps)]
    if len(counts) == 1:
        return counts[0]
    total = Signal(counter.bits, name=f"{name}_count", reset_less=True)
    m.d.sync += total.eq(counts[0] + (counts[1] << 1))
    return total


def moved(old: Value, new: Value, tap: Tap) -> tuple[Value, Value]:
    """Whether a row passed 0 once, and whether twice."""
    low = tap.activation[0] & tap.above[0]
    once = old[0] ^ new[0] ^ low
    cross = (tap.activation[1] & tap.above[0]) ^ (tap.activation[0] & tap.above[1])
    return once, ~once & (old[1] ^ new[1] ^ cross ^ (old[0] & low))


_GROUP = 6


def _population(m: Module, bits: Sequence[Value], name: str) -> Value:
    """How many of the bits, each a cycle after the one before, are set; a cycle after the last."""
    total: Value | None = None
    since = 0
    for start in range(0, len(bits), _GROUP):
        part = bits[start : start + _GROUP]
        end = start + len(part) - 1
        aligned = [
            _kept(m, bit, len(part) - 1 - place, f"{name}_bit_{start + place}")
            for place, bit in enumerate(part)
        ]
        count = _population_of_six(aligned)
        if total is not None:
            count = count + _kept(m, total, end - since - 1, f"{name}_sum_{start}")
        total = Signal((end + 1).bit_length(), name=f"{name}_count_{start}", reset_less=True)
        m.d.sync += total.eq(count)
        since = end
    assert total is not None
    return total


def _kept(m: Module, value: Value, cycles: int, name: str) -> Value:
    """`value` of some cycles ago in flip-flops, which their reset keeps from becoming LUTs."""
    for cycle in range(cycles):
        later = Signal(len(value), name=f"{name}_{cycle}")
        m.d.sync += later.eq(value)
        value = later
    return value


def _population_of_six(bits: Sequence[Value]) -> Value:
    """Functions of up to six bits, a LUT each, where additions would become carry chains."""
    a, b, c, d, e, f = [*bits, *[Const(0)] * (_GROUP - len(bits))]
    one, other = a ^ b ^ c, d ^ e ^ f
    twos = (a & b | c & (a ^ b), d & e | f & (d ^ e), one & other)
    return Cat(one ^ other, twos[0] ^ twos[1] ^ twos[2], twos[0] & twos[1] | twos[2] & (twos[0] ^ twos[1]))
