"""Requantisation of accumulators: by thresholds, or by multiplier and shift; one vector a cycle."""

from __future__ import annotations

from enum import Enum

from amaranth.hdl import Module, Mux, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.pipeline import delay, registers
from twofold.rtl.primitives.family import Family
from twofold.rtl.requantize_multiply import BOUNDS, MultiplierLane
from twofold.rtl.requantize_search import ThresholdLane
from twofold.rtl.requantize_words import FIELD_BITS, LEVEL_BIT, RequantiseWords


class RequantiseMode(Enum):
    """Which of the two forms of requantisation a layer uses."""

    MULTIPLIER = 0
    THRESHOLDS = 1


CONFIG = data.StructLayout({"mode": RequantiseMode, "bounds": BOUNDS})
"""What is the same for all channels of a layer. `THRESHOLDS` reads the mode, and the lower bound if the codes
from there on follow each other."""


class Requantiser(wiring.Component):
    """`lanes` accumulators a cycle to as many 8-bit codes, `latency` cycles later, without stalls.

    By multiplier, `clamp(round_half_even(acc · M[lane] / 2^n[lane]) + zero_point)`; by thresholds,
    `levels[number of t with acc ≥ T[lane][t]]`, as a binary search of one comparison a cycle. Both forms
    have the same latency. A block of lanes has 2^threshold_bits parameter words of 32 bits a lane:

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
    family : whose LUT memories and carry chains are used.

    Members
    -------
    config : In(CONFIG)
        Constant from `latency` cycles before a layer's first vector to its last.
    param_valid, param_index, param_word : In(1), In(threshold_bits), In(32 * lanes)
        Write port of the parameters; a vector given in the next cycle or later meets them. No vector
        may be on its way during a write.
    valid, acc, tag : In(1), In(ArrayLayout(signed(acc_bits), lanes)), In(tag_bits)
    out_valid, q, out_tag : Out(1), Out(ArrayLayout(8, lanes)), Out(tag_bits)
        The codes' low eight bits, unsigned or two's complement as the layer's output type is.
    next_valid, next_tag : Out(1), Out(tag_bits)
        What `out_valid` and `out_tag` are in the next cycle.
    """

    LATENCY = 2 + MultiplierLane.LATENCY

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
        family: Family = Family.PORTABLE,
    ) -> None:
        if not 2 <= acc_bits <= LEVEL_BIT:
            raise ValueError(f"expected accumulators of 2 to {LEVEL_BIT} bits, got {acc_bits}")
        if not 1 <= threshold_bits <= 5:
            raise ValueError(f"expected 1 to 5 threshold bits, got {threshold_bits}")
        if not multipliers and not thresholds:
            raise ValueError("expected multipliers, thresholds or both, got neither")
        self.lanes, self.acc_bits, self.threshold_bits = lanes, acc_bits, threshold_bits
        self.level_bits, self.multipliers, self.thresholds = level_bits, multipliers, thresholds
        self.family = family
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
        for lane in range(self.lanes):
            m.d.sync += self.q[lane].eq(self._code(m, delay(m, self.acc[lane], 1, f"acc_{lane}"), lane))
        m.d.comb += [
            self.next_valid.eq(registers(m, self.valid, self.LATENCY - 1, "valid")),
            self.next_tag.eq(delay(m, self.tag, self.LATENCY - 1, "tag")),
        ]
        m.d.sync += [self.out_valid.eq(self.next_valid), self.out_tag.eq(self.next_tag)]
        return m

    def _code(self, m: Module, accumulator: Value, lane: int) -> Value:
        if not self.thresholds:
            return self._multiplied(m, accumulator, lane)
        level = self._searched(m, accumulator, lane)
        if not self.multipliers:
            return level
        scaled = self._multiplied(m, accumulator, lane)
        return Mux(self.config.mode == RequantiseMode.THRESHOLDS, level, scaled)

    def _multiplied(self, m: Module, accumulator: Value, lane: int) -> Value:
        m.submodules[f"multiplier_{lane}"] = unit = MultiplierLane(self.acc_bits)
        m.d.comb += [
            unit.write.eq(self.param_valid & (self.param_index == 0)),
            unit.field.eq(self.param_word.word_select(lane, FIELD_BITS)),
            unit.bounds.eq(self.config.bounds),
            unit.acc.eq(accumulator),
        ]
        return unit.code

    def _searched(self, m: Module, accumulator: Value, lane: int) -> Value:
        """The level, as late as the multiplier's code."""
        m.submodules[f"thresholds_{lane}"] = unit = ThresholdLane(
            self.acc_bits, self.threshold_bits, self.level_bits, MultiplierLane.LATENCY, self.family
        )
        m.d.comb += [
            unit.write.eq(self.param_valid),
            unit.index.eq(self.param_index),
            unit.field.eq(self.param_word.word_select(lane, FIELD_BITS)),
            unit.acc.eq(accumulator),
            unit.first.eq(self.config.bounds.low),
        ]
        return unit.level
