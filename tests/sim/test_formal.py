"""Proofs for all inputs: packed lanes are exact, rounding is half to even."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.int8_dsp import LANE_SHIFT, Int8Dsp, packed_operand, split_lanes
from twofold.rtl.requantize import RequantiseMode, Requantiser
from twofold.sim.formal import ProofError, prove


class PackedProduct(wiring.Component):
    """`ok`: both lanes of one packed product are exact, for weights not below `least`."""

    def __init__(self, least: int) -> None:
        self.least = least
        super().__init__({"a": In(signed(9)), "w0": In(signed(8)), "w1": In(signed(8)), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operand, sum0, sum1 = Signal(signed(25)), Signal(signed(17)), Signal(signed(17))
        m.d.comb += [operand.eq(packed_operand(self.w0, self.w1))]
        m.d.comb += [sum0.eq(self.w0), sum1.eq(self.w1)]
        allowed = (self.w0 >= self.least) & (self.w1 >= self.least)
        m.d.comb += self.ok.eq(~allowed | (operand == (sum1 << LANE_SHIFT) + sum0))
        return m


def test_packed_weights_fit_the_multiplier() -> None:
    assert prove(PackedProduct(-127)).holds


def test_the_refused_weight_does_not_fit() -> None:
    proof = prove(PackedProduct(-128))
    assert not proof.holds and proof.counterexample["w1"] in (-128, 128)


class PackedSums(wiring.Component):
    """`ok`: the lanes of `s1·2^17 + s0` are told apart, for all sums that `kind` can reach."""

    def __init__(self, kind: Int8Dsp, *, residue_error: int = 0) -> None:
        self.kind, self.residue_error = kind, residue_error
        super().__init__({"s0": In(signed(kind.sum_bits)), "s1": In(signed(kind.sum_bits)), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        packed = Signal(signed(48))
        m.d.comb += packed.eq((self.s1 << LANE_SHIFT) + self.s0)
        residue = Signal(max(1, self.kind.repair_bits))
        m.d.comb += residue.eq(self.s1 + self.residue_error)
        low, high = split_lanes(m, packed, residue if self.kind.repair_bits else None, self.kind)
        bound = self.kind.sum_range[1]
        reachable = (self.s0 <= bound) & (self.s0 >= -bound) & (self.s1 <= bound) & (self.s1 >= -bound)
        m.d.comb += self.ok.eq(~reachable | ((low == self.s0) & (high == self.s1)))
        return m


@pytest.mark.parametrize("tin", [1, 2, 4, 8, 16, 32])
def test_lanes_of_a_column_are_exact(tin: int) -> None:
    assert prove(PackedSums(Int8Dsp(tin, 2))).holds


def test_a_wrong_residue_is_refuted() -> None:
    assert not prove(PackedSums(Int8Dsp(16, 2), residue_error=4)).holds


class RoundingAgainstReference(wiring.Component):
    """`ok`: the requantiser's multiplier form is floor, remainder and clamp done one after the other."""

    ACC_BITS, FACTOR_BITS, SHIFT_MAX = 6, 4, 10

    def __init__(self, *, half_up: bool = False) -> None:
        self.half_up = half_up
        bounds = {"zero_point": In(signed(9)), "low": In(signed(9)), "high": In(signed(9))}
        inputs = {"acc": In(signed(self.ACC_BITS)), "factor": In(self.FACTOR_BITS), "shift": In(4)}
        super().__init__({**inputs, **bounds, "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = Requantiser(lanes=1, acc_bits=self.ACC_BITS)
        m.d.comb += [
            unit.config.mode.eq(RequantiseMode.MULTIPLIER),
            unit.config.zero_point.eq(self.zero_point),
            unit.config.low.eq(self.low),
            unit.config.high.eq(self.high),
            unit.param_valid.eq(1),
            unit.param_word.eq(self.factor | self.shift << 16),
            unit.acc[0].eq(self.acc),
        ]
        expected = self._reference(m)
        allowed = (self.shift <= self.SHIFT_MAX) & (self.low <= self.high)
        m.d.comb += self.ok.eq(~allowed | (unit.q[0] == expected[:8]))
        return m

    def _reference(self, m: Module) -> Signal:
        product, floor, result = Signal(signed(12)), Signal(signed(12)), Signal(signed(12))
        twice_rest, whole = Signal(signed(14)), Signal(12)
        m.d.comb += [
            whole.eq(1 << self.shift),
            product.eq(self.acc * self.factor),
            floor.eq(product >> self.shift),
        ]
        m.d.comb += twice_rest.eq((product - (floor << self.shift)) << 1)
        at_tie = 1 if self.half_up else floor[0]
        up = (twice_rest > whole) | ((twice_rest == whole) & at_tie)
        rounded = floor + up + self.zero_point
        m.d.comb += result.eq(Mux(rounded < self.low, self.low, Mux(rounded > self.high, self.high, rounded)))
        return result


def test_rounding_is_half_to_even() -> None:
    assert prove(RoundingAgainstReference()).holds


def test_half_up_is_refuted() -> None:
    assert not prove(RoundingAgainstReference(half_up=True)).holds


def test_no_answer_is_no_pass() -> None:
    with pytest.raises(ProofError, match=r"no answer: not done in 0\.01 s"):
        prove(RoundingAgainstReference(), time_limit=0.01)
