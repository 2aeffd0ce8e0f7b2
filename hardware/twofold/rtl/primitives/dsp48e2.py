"""The DSP block of UltraScale+."""

from __future__ import annotations

from amaranth.hdl import Instance, Value

from twofold.rtl.primitives.dsp48 import multiply_add_block

_MULTIPLEXERS = {"AMULTSEL": "AD", "BMULTSEL": "B", "PREADDINSEL": "A"}


def dsp48e2(start: int | None, **ports: Value) -> Instance:
    """DSP48E2 (AMD UG579) as a `MultiplyAdd`, with its ports."""
    return multiply_add_block("DSP48E2", _MULTIPLEXERS, 27, 9, start, **ports)
