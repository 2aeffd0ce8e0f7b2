"""Codes of weights: their widths, that the hardware reads them back, and what has none."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from twofold.rtl.mac.weight_code import APOT4, INT4, SignMagnitude, TwosComplement, WeightCode

CODES = [INT4, APOT4, TwosComplement(0, 1), TwosComplement(-128, 127), SignMagnitude((0, 1))]


class Decoder(wiring.Component):
    """The weight of a code."""

    def __init__(self, code: WeightCode) -> None:
        self.code = code
        super().__init__({"given": In(code.bits), "weight": Out(signed(9))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operand = self.code.decode(m, self.given, "operand")
        m.d.comb += self.weight.eq(Mux(operand.negative, -operand.value, operand.value))
        return m


def weights_of(code: WeightCode) -> list[int]:
    return [weight for weight in range(-128, 128) if code.refusal(np.array([weight])) is None]


@pytest.mark.parametrize("code", CODES, ids=str)
def test_hardware_reads_every_weight_back(code: WeightCode) -> None:
    weights = weights_of(code)
    assert (weights[0], weights[-1]) == (code.low, code.high)
    design = Decoder(code)

    async def bench(context) -> None:  # type: ignore[no-untyped-def]
        for weight, given in zip(weights, code.codes(np.array(weights)), strict=True):
            context.set(design.given, int(given) & ((1 << code.bits) - 1))
            assert context.get(design.weight) == weight

    simulator = Simulator(design)
    simulator.add_testbench(bench)
    simulator.run()


def test_published_levels_take_four_bits() -> None:
    assert APOT4.bits == INT4.bits == 4
    assert weights_of(APOT4) == [-10, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 10]


def test_weights_between_the_levels_are_named() -> None:
    weights = np.array([[3, -7], [5, 0]])
    assert APOT4.refusal(weights) == "expected weights ±[0, 1, 2, 3, 4, 6, 8, 10], found -7"
    assert INT4.refusal(np.array([8])) == "expected weights in [-8, 7], found 8"


@pytest.mark.parametrize(("low", "high"), [(1, 7), (-8, 128)])
def test_refused_bounds(low: int, high: int) -> None:
    message = rf"^expected weights from \[-128, 0\] to \[1, 127\], got \[{low}, {high}\]$"
    with pytest.raises(ValueError, match=message):
        TwosComplement(low, high)


@pytest.mark.parametrize(
    ("magnitudes", "message"),
    [
        ((0, 1, 2), r"2, 4, 8 … magnitudes, got 3"),
        ((1, 2), r"magnitudes that ascend from 0 to at most 127, got \(1, 2\)"),
        ((0, 2, 2, 3), r"magnitudes that ascend from 0 to at most 127, got \(0, 2, 2, 3\)"),
        ((0, 128), r"magnitudes that ascend from 0 to at most 127, got \(0, 128\)"),
    ],
)
def test_refused_magnitudes(magnitudes: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^expected {message}$"):
        SignMagnitude(magnitudes)
