"""Proofs for all operands and sums: what is packed is the weights, and no carry is missed or miscounted.

A count is exact after any number of rows if it is after the first and each row changes it by what that row
carries; the latter is proven here for every sum and every step that a row can take.
"""

from __future__ import annotations

import pytest
from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.dsp_columns import DspColumns
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.lane_carries import Counter, Tap, moved, stepped
from twofold.rtl.mac.packed_lanes import Boundary, PackedLanes
from twofold.rtl.mac.packed_operand import packed_operand, signs_below
from twofold.rtl.primitives.family import Family
from twofold.sim.formal import prove

KINDS: list[DspColumns] = [
    Int8Dsp(16, 16, low=-127),
    Int8Dsp(16, 16),
    Int8Dsp(16, 16, Family.XCUP),
    Int4Dsp(16, 16, low=-7),
    Int4Dsp(16, 16),
    Int4Dsp(16, 16, Family.XCUP),
    Int4Dsp(16, 15, low=-10, high=10),
    Int4Dsp(16, 15, Family.XCUP, -10, 10),
]
COUNTERS = [counter for kind in KINDS for counter in kind.counters]


class Operand(wiring.Component):
    """`ok`: a port of `bits` bits gets the sum of the weights at their places, if they are in range."""

    def __init__(self, packing: PackedLanes, bits: int) -> None:
        self.packing, self.bits = packing, bits
        weights = {f"w{lane}": In(signed(packing.weight_bits)) for lane in range(packing.lanes)}
        super().__init__({**weights, "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        packing, below, allowed = self.packing, Signal(signed(40)), Signal()
        fields = []
        for lane, shift in enumerate(packing.shifts):
            weight = getattr(self, f"w{lane}")
            field, total = Signal(packing.weight_bits, name=f"f{lane}"), Signal(signed(40), name=f"n{lane}")
            m.d.comb += [field.eq(weight - (below < 0)), total.eq(below + (weight << shift))]
            fields.append(field)
            below = total
        weights = [getattr(self, f"w{lane}") for lane in range(packing.lanes)]
        m.d.comb += allowed.eq(Cat(*((w >= packing.low) & (w <= packing.high) for w in weights)).all())
        port = Signal(signed(self.bits))
        m.d.comb += port.eq(packed_operand(fields, signs_below(fields, packing), packing))
        m.d.comb += self.ok.eq(~allowed | (port == below))
        return m


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_multiplier_gets_every_weight(kind: DspColumns) -> None:
    assert prove(Operand(kind.packing, kind.packing.operand_bits)).holds


def test_minus_128_at_bit_17_of_25_is_refuted() -> None:
    proof = prove(Operand(PackedLanes((0, 17), -128, 127, -128, 255, 16, 26), 25))
    assert not proof.holds and proof.counterexample["w1"] in (-128, 128)


class Passages(wiring.Component):
    """`ok`: the two highest bits before and after a row take the count from one sum's to the next's.

    limit: the greatest step of a row, up or down.
    """

    def __init__(self, counter: Counter, limit: int) -> None:
        self.counter, self.limit = counter, limit
        self.bit = counter.bit + (counter.kind is Boundary.PARITY)
        self.bits = counter.bits - (self.bit - counter.bit)
        shape = signed(self.bit + self.bits)
        super().__init__({"before": In(shape), "step": In(shape), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        after = Signal(signed(self.bit + self.bits + 1))
        m.d.comb += after.eq(self.before + self.step)
        bounds = self.counter.lanes.sum_bounds(self.counter.lane, self.counter.lanes.rows, self.counter.start)
        allowed = (after >= bounds[0]) & (after <= bounds[1])
        allowed &= (self.step <= self.limit) & (self.step >= -self.limit)
        corner = slice(self.bit - 2, self.bit)
        count = stepped(self.before[self.bit :], self.before[corner], after[corner])
        m.d.comb += self.ok.eq(~allowed | (count == after[self.bit : self.bit + self.bits]))
        return m


ROUND = [counter for counter in COUNTERS if not counter.by_sign]
SIGNED = [counter for counter in COUNTERS if counter.by_sign]


@pytest.mark.parametrize("counter", ROUND, ids=str)
def test_each_row_is_counted(counter: Counter) -> None:
    step = counter.lanes.step(counter.lane)
    proof = Passages(counter, step)
    assert step <= 1 << (proof.bit - 2) and prove(proof).holds


def test_a_step_of_more_than_a_quarter_is_refuted() -> None:
    counter = ROUND[0]
    assert not prove(Passages(counter, (1 << (counter.bit - 2)) + 1)).holds


class Moves(wiring.Component):
    """`ok`: a row's passages, complemented if its weights are negative, are what it carries and that offset.

    The row adds `step` below the boundary, not against its sign, and `activation · weight` above, of which
    two bits matter. limit: the step must be less.
    """

    def __init__(self, counter: Counter, limit: int) -> None:
        self.counter, self.limit = counter, limit
        shape = signed(counter.bit + 3)
        sums = {"before": In(shape), "step": In(shape), "lane": In(2), "negative": In(1)}
        super().__init__({**sums, "activation": In(2), "weight": In(2), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bit = self.counter.bit
        after, carried = Signal(signed(bit + 4)), Signal(signed(5))
        old, new = Signal(2), Signal(2)
        m.d.comb += [
            after.eq(self.before + self.step),
            carried.eq(after[bit:].as_signed() - self.before[bit:].as_signed()),
            old.eq(self.lane + self.before[bit:]),
            new.eq(self.lane + self.activation * self.weight + after[bit:]),
        ]
        tap = Tap(after, self.activation, self.negative, self.weight)
        count = Cat(*(part ^ self.negative for part in moved(old, new, tap)[: self.counter.step_bits]))
        expected = carried + Mux(self.negative, self.counter.negative_rows, 0)
        along = Mux(self.negative, self.step <= 0, self.step >= 0)
        allowed = along & (self.step < self.limit) & (self.step > -self.limit)
        m.d.comb += self.ok.eq(~allowed | (count == expected))
        return m


@pytest.mark.parametrize("counter", SIGNED, ids=str)
def test_each_row_is_counted_by_sign(counter: Counter) -> None:
    assert prove(Moves(counter, counter.lanes.step(counter.lane) + 1)).holds


def test_a_step_past_a_whole_lane_is_refuted() -> None:
    counter = SIGNED[0]
    assert not prove(Moves(counter, (1 << counter.bit) + 2)).holds


class TrueBit(wiring.Component):
    """`ok`: the bit of the lane above, less the parity of that lane, stays the sum's own next bit."""

    def __init__(self, counter: Counter, *, forgets_the_lane: bool = False) -> None:
        self.counter, self.forgets = counter, forgets_the_lane
        shape = signed(counter.bit + counter.bits + 1)
        above = {"lane": In(1), "activation": In(9), "weight": In(8)}
        super().__init__({"before": In(shape), "step": In(shape), **above, "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bit = self.counter.bit
        after, old, new = Signal.like(self.before), Signal(), Signal()
        product = self.activation[0] & self.weight[0]
        m.d.comb += [
            after.eq(self.before + self.step),
            old.eq(self.lane ^ self.before[bit]),
            new.eq(self.lane ^ product ^ after[bit]),
        ]
        own = 0 if self.forgets else product
        m.d.comb += self.ok.eq(self.before[bit] ^ old ^ new ^ own == after[bit])
        return m


def test_parity_makes_the_next_bit_true() -> None:
    (counter,) = [counter for counter in ROUND if counter.kind is Boundary.PARITY]
    assert prove(TrueBit(counter)).holds
    assert not prove(TrueBit(counter, forgets_the_lane=True)).holds
