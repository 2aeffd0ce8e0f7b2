"""Requantisation of accumulators: by thresholds, or by multiplier and shift."""

from __future__ import annotations

from enum import Enum

from amaranth.hdl import Const, Module, Mux, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.pipeline import delay, registers
from twofold.rtl.primitives.family import Family
from twofold.rtl.requantize.multiply import BOUNDS
from twofold.rtl.requantize.search import ThresholdLane
from twofold.rtl.requantize.shared import SharedMultiplier
from twofold.rtl.requantize.words import FIELD_BITS, LEVEL_BIT, RequantiseWords


class RequantiseMode(Enum):
    """Which of the two forms of requantisation a layer uses."""

    MULTIPLIER = 0
    THRESHOLDS = 1


CONFIG = data.StructLayout({"mode": RequantiseMode, "bounds": BOUNDS})
"""What is the same for all channels of a layer. `THRESHOLDS` reads the mode, and the lower bound if the codes
from there on follow each other."""


class Requantiser(wiring.Component):
    """`lanes` accumulators a cycle to as many 8-bit codes, LATENCY cycles later, without stalls.

    By multiplier, `clamp(round_half_even(acc · M[lane] / 2^n[lane]) + zero_point)`; by thresholds,
    `levels[number of t with acc ≥ T[lane][t]]`, as a binary search of one comparison a cycle. Both forms have
    the same latency, but where lanes share a multiplier: then its codes take `multiplier_latency`, and
    vectors come `lanes_per_multiplier` cycles after each other or later. A block of lanes has
    2^threshold_bits parameter words of 32 bits a lane:

    ====== ==================== ====================== ============================
    word   bits 0 to 23         multiplier form        threshold form, bits 24 to 31
    ====== ==================== ====================== ============================
    0      M, n from bit 16     read                   the level below all thresholds
    t ≥ 1  threshold t, signed  not read               the level from threshold t on
    ====== ==================== ====================== ============================

    Parameters
    ----------
    lanes : channels processed at once.
    acc_bits : width of a signed accumulator, at most 24.
    threshold_bits : 2^threshold_bits − 1 thresholds a lane, at most 5.
    tag_bits : width of a tag that travels along with a vector, such as the address it is to be written to.
    level_bits : width of the levels; those of fewer than 8 bits are unsigned. 0: no levels are kept, and each
        threshold leads from `config.bounds.low` to the next code. No accumulator may be the greatest number.
    multipliers, thresholds : which forms there are; with one of them, `config.mode` is not read.
    lanes_per_multiplier : lanes that take turns at one multiplier, a divisor of `lanes`.
    family : whose LUT memories and carry chains are used.

    Members
    -------
    config : In(CONFIG)
        Constant from a layer's first vector to its last code.
    param_valid, param_index, param_word : In(1), In(threshold_bits), In(32 * lanes)
        Write port of the parameters; a vector given in the next cycle or later meets them. No vector
        may be on its way during a write.
    valid, acc, tag : In(1), In(ArrayLayout(signed(acc_bits), lanes)), In(tag_bits)
    out_valid, q, out_tag : Out(1), Out(ArrayLayout(8, lanes)), Out(tag_bits)
        The codes' low eight bits, unsigned or two's complement as the layer's output type is.
    next_valid, next_tag : Out(1), Out(tag_bits)
        What `out_valid` and `out_tag` are in the next cycle.
    """

    LATENCY = 1 + SharedMultiplier.latency_of(1)

    @staticmethod
    def multiplier_latency(lanes_per_multiplier: int) -> int:
        """Cycles from accumulators to their codes by multiplier."""
        return 1 + SharedMultiplier.latency_of(lanes_per_multiplier)

    def __init__(
        self,
        *,
        lanes: int,
        acc_bits: int = 24,
        threshold_bits: int = 4,
        tag_bits: int = 1,
        level_bits: int = 8,
        multipliers: bool = True,
        thresholds: bool = True,
        lanes_per_multiplier: int = 1,
        family: Family = Family.PORTABLE,
    ) -> None:
        if not 2 <= acc_bits <= LEVEL_BIT:
            raise ValueError(f"expected accumulators of 2 to {LEVEL_BIT} bits, got {acc_bits}")
        if not 1 <= threshold_bits <= 5:
            raise ValueError(f"expected 1 to 5 threshold bits, got {threshold_bits}")
        if not multipliers and not thresholds:
            raise ValueError("expected multipliers, thresholds or both, got neither")
        if not 1 <= lanes_per_multiplier <= lanes or lanes % lanes_per_multiplier:
            raise ValueError(
                f"expected a divisor of {lanes} lanes, got {lanes_per_multiplier} per multiplier"
            )
        self.lanes, self.acc_bits, self.threshold_bits = lanes, acc_bits, threshold_bits
        self.level_bits, self.multipliers, self.thresholds = level_bits, multipliers, thresholds
        self.lanes_per_multiplier, self.family = lanes_per_multiplier, family
        self.words = RequantiseWords(lanes, acc_bits, threshold_bits)
        super().__init__(
            {
                "config": In(CONFIG),
                "param_valid": In(1),
                "param_index": In(threshold_bits),
                "param_word": In(FIELD_BITS * lanes),
                "valid": In(1),
                "acc": In(data.ArrayLayout(signed(acc_bits), lanes)),
                "tag": In(tag_bits),
                "out_valid": Out(1),
                "q": Out(data.ArrayLayout(unsigned(8), lanes)),
                "out_tag": Out(tag_bits),
                "next_valid": Out(1),
                "next_tag": Out(tag_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        codes = [forms[0] if len(forms) == 1 else self._either(*forms) for forms in self._forms(m)]
        m.d.sync += [q.eq(code) for q, code in zip(self.q, codes, strict=True)]
        self._announce(m)
        m.d.sync += [self.out_valid.eq(self.next_valid), self.out_tag.eq(self.next_tag)]
        return m

    def _either(self, by_thresholds: Value, by_multiplier: Value) -> Value:
        return Mux(self.config.mode == RequantiseMode.THRESHOLDS, by_thresholds, by_multiplier)

    def _forms(self, m: Module) -> list[tuple[Value, ...]]:
        """Each lane's code in the forms that there are."""
        searched = [self._searched(m, lane) for lane in range(self.lanes)] if self.thresholds else []
        forms = [form for form in (searched, self._multiplied(m) if self.multipliers else []) if form]
        return list(zip(*forms, strict=True))

    def _announce(self, m: Module) -> None:
        """What comes out next: in the form that is in use, as they may take differently long."""
        valid = registers(m, self.valid, self.LATENCY - 1, "valid")
        tag = delay(m, self.tag, self.LATENCY - 1, "tag")
        later = self.multiplier_latency(self.lanes_per_multiplier) - self.LATENCY
        if later and self.multipliers:
            scaled = Const(1) if not self.thresholds else self.config.mode == RequantiseMode.MULTIPLIER
            valid = Mux(scaled, registers(m, valid & scaled, later, "valid_later"), valid)
            tag = Mux(scaled, delay(m, tag, later, "tag_later"), tag)
        m.d.comb += [self.next_valid.eq(valid), self.next_tag.eq(tag)]

    def _multiplied(self, m: Module) -> list[Value]:
        codes: list[Value] = []
        for first in range(0, self.lanes, self.lanes_per_multiplier):
            unit = SharedMultiplier(self.lanes_per_multiplier, self.acc_bits)
            m.submodules[f"multiplier_{first}"] = unit
            m.d.comb += [
                unit.write.eq(self.param_valid & (self.param_index == 0)),
                unit.fields.eq(self.param_word[first * FIELD_BITS :]),
                unit.take.eq(self.valid),
                unit.acc.eq(self.acc.as_value()[first * self.acc_bits :]),
                unit.bounds.eq(self.config.bounds),
            ]
            codes.extend(unit.codes)
        return codes

    def _searched(self, m: Module, lane: int) -> Value:
        """The level, as late as the code of a multiplier of one lane."""
        m.submodules[f"thresholds_{lane}"] = unit = ThresholdLane(
            self.acc_bits, self.threshold_bits, self.level_bits, self.LATENCY - 2, self.family
        )
        m.d.comb += [
            unit.write.eq(self.param_valid),
            unit.index.eq(self.param_index),
            unit.field.eq(self.param_word.word_select(lane, FIELD_BITS)),
            unit.acc.eq(delay(m, self.acc[lane], 1, f"acc_{lane}")),
            unit.first.eq(self.config.bounds.low),
        ]
        return unit.level
