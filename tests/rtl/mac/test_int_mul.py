"""Widths and weights of the plain multiplication."""

from __future__ import annotations

import pytest

from twofold.rtl.mac.int_mul import IntMul
from twofold.sim.benches.pe_stream import accepted_weights


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_weights_of_the_declared_width(bits: int) -> None:
    half = 1 << (bits - 1)
    assert accepted_weights(IntMul(1, 1, bits)).tolist() == list(range(-half, half))


def test_a_word_is_one_output() -> None:
    assert IntMul(2, 2).encode([[1, -1], [127, -128]]) == [0xFF01, 0x807F]


def test_weight_width_is_checked() -> None:
    with pytest.raises(ValueError, match="expected a weight width of 2 to 8 bits, got 9"):
        IntMul(2, 2, weight_bits=9)
