"""The DSP block of the 7 series."""

from __future__ import annotations

from amaranth.hdl import Instance, Value

from twofold.rtl.primitives.dsp48 import multiply_add_block


def dsp48e1(start: int | None, **ports: Value) -> Instance:
    """DSP48E1 (AMD UG479) as a `MultiplyAdd`, with its ports."""
    return multiply_add_block("DSP48E1", {"USE_DPORT": "TRUE"}, 25, 7, start, **ports)
