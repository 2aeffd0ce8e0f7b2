"""Requantisation of accumulators: by multiplier and shift, or by thresholds; one vector a cycle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.network.rounding import MULTIPLIER_BITS
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.requantize_words import FIELD_BITS, LEVEL_BIT, RequantiseWords

SHIFT_BITS = 6


class RequantiseMode(Enum):
    """Which of the two forms of requantisation a layer uses."""

    MULTIPLIER = 0
    THRESHOLDS = 1


CONFIG = data.StructLayout(
    {"mode": RequantiseMode, "zero_point": signed(9), "low": signed(9), "high": signed(9)}
)
"""What is the same for all channels of a layer. `THRESHOLDS` reads the mode alone."""


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
    threshold_bits : 2^threshold_bits − 1 thresholds a lane.
    tag_bits : width of a tag that travels along with a vector, such as the address it is to be written to.

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
    """

    LATENCY = 9

    def __init__(self, *, lanes: int, acc_bits: int = 24, threshold_bits: int = 4, tag_bits: int = 1) -> None:
        if not 2 <= acc_bits <= LEVEL_BIT:
            raise ValueError(f"expected accumulators of 2 to {LEVEL_BIT} bits, got {acc_bits}")
        if not 1 <= threshold_bits <= 6:
            raise ValueError(f"expected 1 to 6 threshold bits, got {threshold_bits}")
        self.lanes, self.acc_bits, self.threshold_bits = lanes, acc_bits, threshold_bits
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
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for lane in range(self.lanes):
            accumulator = delay(m, self.acc[lane], 1, f"acc_{lane}")
            scaled = self._multiplied(m, accumulator, lane)
            level = self._searched(m, accumulator, lane)
            chosen = Mux(self.config.mode == RequantiseMode.THRESHOLDS, level, scaled)
            m.d.sync += self.q[lane].eq(chosen)
        valid = self.valid
        for stage in range(self.LATENCY):
            later = Signal(name=f"valid_{stage}")
            m.d.sync += later.eq(valid)
            valid = later
        m.d.comb += [self.out_valid.eq(valid), self.out_tag.eq(delay(m, self.tag, self.LATENCY, "tag"))]
        return m

    def _field(self, lane: int) -> Value:
        return self.param_word.word_select(lane, FIELD_BITS)

    def _multiplied(self, m: Module, accumulator: Value, lane: int) -> Value:
        """The code by multiplier and shift, 7 cycles after `accumulator`."""
        factor = Signal(MULTIPLIER_BITS, name=f"multiplier_{lane}", reset_less=True)
        shift = Signal(SHIFT_BITS, name=f"shift_{lane}", reset_less=True)
        with m.If(self.param_valid & (self.param_index == 0)):
            m.d.sync += Cat(factor, shift).eq(self._field(lane))
        product = Signal(signed(self.acc_bits + MULTIPLIER_BITS), name=f"product_{lane}", reset_less=True)
        m.d.sync += product.eq(accumulator * factor)
        number = _Fixed.from_product(delay(m, product, 1, f"product_{lane}_later"))
        # The greatest shift is 47: of its six bits, the upper two are never both set.
        amounts = (shift[4:6], (0, 16, 32)), (shift[2:4], (0, 4, 8, 12)), (shift[0:2], (0, 1, 2, 3))
        for (select, bits), width in zip(amounts, (27, 15, 12), strict=True):
            number = number.shifted_right(m, select, bits, width, f"shifted_{lane}_{width}")
        return number.clamped(m, self.config, f"rounded_{lane}")

    def _searched(self, m: Module, accumulator: Value, lane: int) -> Value:
        """The code by thresholds, 7 cycles after `accumulator`."""
        count: Value = Const(0, 0)
        for step in range(self.threshold_bits):
            reached = Signal(name=f"reached_{lane}_{step}", reset_less=True)
            m.d.sync += reached.eq(accumulator >= self._threshold(m, lane, step, count))
            count = Cat(reached, delay(m, count, 1, f"count_{lane}_{step}"))
            accumulator = delay(m, accumulator, 1, f"acc_{lane}_{step}")
        count = delay(m, count, 6 - self.threshold_bits, f"count_{lane}_last")
        level = self._memory(
            m, f"levels_{lane}", self.param_index, self.param_valid, self._field(lane)[LEVEL_BIT:], count
        )
        return delay(m, level, 1, f"level_{lane}")

    def _threshold(self, m: Module, lane: int, step: int, count: Value) -> Value:
        """The threshold that decides the next bit of the count, whose first `step` bits are known.

        Those are the numbers `count` followed by a one and `below` zeros.
        """
        below = self.threshold_bits - step - 1
        enable = self.param_valid & (self.param_index[: below + 1] == 1 << below)
        field = self._field(lane)[: self.acc_bits]
        if not step:
            value = Signal(signed(self.acc_bits), name=f"threshold_{lane}", reset_less=True)
            with m.If(enable):
                m.d.sync += value.eq(field)
            return value
        name = f"thresholds_{lane}_{step}"
        return self._memory(m, name, self.param_index[below + 1 :], enable, field, count).as_signed()

    def _memory(
        self, m: Module, name: str, index: Value, enable: Value, word: Value, address: Value
    ) -> Value:
        """What a small memory, written at `index`, holds at `address`, in the same cycle."""
        m.submodules[name] = memory = Memory(shape=unsigned(len(word)), depth=1 << len(address), init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [write.addr.eq(index), write.data.eq(word), write.en.eq(enable), read.addr.eq(address)]
        return read.data


@dataclass(frozen=True)
class _Fixed:
    """A number on its way through the shifter; its bit 0 is the first one behind the binary point.

    sticky: a one was shifted out below bit 0. over: bits were cut off above that were not copies of the
    sign, so that the number is certain to be clamped. negative: the sign it began with.
    """

    value: Value
    sticky: Value
    over: Value
    negative: Value

    @classmethod
    def from_product(cls, product: Value) -> _Fixed:
        return cls(Cat(Const(0, 1), product).as_signed(), Const(0, 1), Const(0, 1), product[-1])

    def shifted_right(
        self, m: Module, select: Value, amounts: tuple[int, ...], width: int, name: str
    ) -> _Fixed:
        """Shifted by `amounts[select]` bits and cut to `width` bits, one cycle later.

        27, 15 and 12 bits before another 15, 3 and 0 bits of shift leave a number that does not fit at
        2^10 or more in magnitude, beyond every bound and zero point.
        """
        width = min(width, len(self.value))
        wide = Signal(signed(len(self.value)), name=f"{name}_wide")
        lost = Signal(name=f"{name}_lost")
        with m.Switch(select):
            for index, bits in enumerate(amounts):
                with m.Default() if index == len(amounts) - 1 else m.Case(index):
                    m.d.comb += [wide.eq(self.value >> bits), lost.eq(self.value[:bits].any())]
        result = _Fixed(
            Signal(signed(width), name=name, reset_less=True),
            *(Signal(name=f"{name}_{flag}", reset_less=True) for flag in ("sticky", "over", "negative")),
        )
        cut = wide[width - 1 :]
        m.d.sync += [
            result.value.eq(wide),
            result.sticky.eq(self.sticky | lost),
            result.over.eq(self.over | (cut.any() & ~cut.all())),
            result.negative.eq(self.negative),
        ]
        return result

    def clamped(self, m: Module, config: data.View, name: str) -> Value:
        """Rounded half to even, moved by the zero point, clamped: two cycles later."""
        up = self.value[0] & (self.sticky | self.value[1])
        rounded = Signal(signed(12), name=name, reset_less=True)
        m.d.sync += rounded.eq(self.value[1:].as_signed() + config.zero_point + up)
        over, negative = (
            delay(m, self.over, 1, f"{name}_over"),
            delay(m, self.negative, 1, f"{name}_negative"),
        )
        result = Signal(signed(9), name=f"{name}_clamped", reset_less=True)
        with m.If(Mux(over, negative, rounded < config.low)):
            m.d.sync += result.eq(config.low)
        with m.Elif(over | (rounded > config.high)):
            m.d.sync += result.eq(config.high)
        with m.Else():
            m.d.sync += result.eq(rounded)
        return result
