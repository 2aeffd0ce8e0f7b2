"""Two functions of the same few bits in one LUT."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value

INPUTS = 5
"""Inputs that the two outputs of a LUT6_2 share, its sixth held high."""

BitFunction = Callable[[Sequence[int]], int]
"""From input bits, in their order, to 0 or 1."""


def lut_pair(
    m: Module, inputs: Sequence[Value], first: BitFunction, second: BitFunction, name: str
) -> tuple[Value, Value]:
    """Both functions of at most five one-bit inputs as one LUT6_2 (AMD UG953); combinational."""
    if len(inputs) > INPUTS:
        raise ValueError(f"expected at most {INPUTS} inputs, got {len(inputs)}")
    padded = [*inputs, *[Const(0, 1)] * (INPUTS - len(inputs)), Const(1, 1)]
    lower, upper = Signal(name=f"{name}_o5"), Signal(name=f"{name}_o6")
    m.submodules[name] = Instance(
        "LUT6_2",
        p_INIT=Const(lut_init(first, second, len(inputs)), 64),
        **{f"i_I{place}": bit for place, bit in enumerate(padded)},
        o_O5=lower,
        o_O6=upper,
    )
    return lower, upper


def lut_init(lower: BitFunction, upper: BitFunction, inputs: int = INPUTS) -> int:
    """INIT of a LUT6_2: `lower` in its lower half, given by O5 and by O6 while I5 is low, `upper` above."""
    entries = [[index >> bit & 1 for bit in range(inputs)] for index in range(1 << INPUTS)]
    halves = (sum(half(bits) << index for index, bits in enumerate(entries)) for half in (lower, upper))
    low, high = halves
    return low | high << (1 << INPUTS)
