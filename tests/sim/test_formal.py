"""Proofs for all inputs that rounding is half to even; and that proofs of nothing are none."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.requantize.requantizer import RequantiseMode, Requantiser
from twofold.sim.formal import ProofError, prove, prove_always


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
            unit.config.bounds.zero_point.eq(self.zero_point),
            unit.config.bounds.low.eq(self.low),
            unit.config.bounds.high.eq(self.high),
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


class GatedRegister(wiring.Component):
    """`ok`: a register of `a` gated by `gate` is `a` where the gate is open, and 0 elsewhere if `closed`."""

    def __init__(self, *, closed: int) -> None:
        self.closed = closed
        super().__init__({"a": In(4), "gate": In(1), "ok": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept = Signal(4)
        m.d.sync += kept.eq(Mux(self.gate, self.a, 0))
        m.d.comb += self.ok.eq(kept == Mux(self.gate, self.a, self.closed))
        return m


def test_a_gate_before_a_register_counts() -> None:
    assert prove(GatedRegister(closed=0)).holds
    refuted = prove(GatedRegister(closed=3))
    assert not refuted.holds and refuted.counterexample["gate"] == 0


class Counter(wiring.Component):
    """A counter from `first` on that stops at 3. `ok`: it is not 0; `reached`: it is 3; `assumed`: it is less
    than `end`."""

    def __init__(self, *, first: int, end: int = 4) -> None:
        self.first, self.end = first, end
        super().__init__({"ok": Out(1), "assumed": Out(1), "reached": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = Signal(2, init=self.first)
        m.d.sync += count.eq(Mux(count == 3, 3, count + 1))
        m.d.comb += [self.ok.eq(count != 0), self.reached.eq(count == 3), self.assumed.eq(count < self.end)]
        return m


def test_the_state_at_power_up_counts() -> None:
    assert prove_always(Counter(first=1))
    assert not prove_always(Counter(first=0))


@pytest.mark.parametrize("end", [0, 3], ids=["no run", "runs that end before"])
def test_a_rule_of_what_never_comes_about_is_not_proven(end: int) -> None:
    with pytest.raises(ProofError, match="expected a run in which `reached` is 1 in cycle 8, found none"):
        prove_always(Counter(first=1, end=end))
