"""Tables of a LUT with two outputs."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module, Signal

from twofold.rtl.primitives.lut_pair import lut_init, lut_pair


def test_each_output_has_its_half() -> None:
    init = lut_init(lambda bits: bits[0] & bits[1], lambda bits: bits[4])
    assert init == 0xFFFF_0000_8888_8888


def test_inputs_that_are_not_there_do_not_matter() -> None:
    assert lut_init(lambda bits: bits[0], lambda bits: 1 - bits[0], inputs=1) == 0x5555_5555_AAAA_AAAA


def test_six_inputs_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="expected at most 5 inputs, got 6"):
        lut_pair(Module(), [Signal()] * 6, lambda bits: 0, lambda bits: 1, "pair")
