"""The carry chain of xc7's slices."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Instance, Module, Signal, Value, ValueLike

_BITS = 4


def carry_chain(m: Module, propagate: Sequence[Value], generate: Sequence[Value], carry: ValueLike) -> Value:
    """Sum bits `propagate ^ carry` of a chain of CARRY4 (AMD UG953), lowest first; combinational.

    Bit i hands on its own carry where `propagate[i]` is high, else `generate[i]`; `carry` enters bit 0.
    """
    sums: list[Value] = []
    cascade: Value = Const(0)
    for start in range(0, len(propagate), _BITS):
        part = slice(start, start + _BITS)
        select, data, out, carries = (
            Signal(_BITS, name=f"{name}_{start}") for name in ("s", "di", "o", "co")
        )
        m.d.comb += [select.eq(Cat(*propagate[part])), data.eq(Cat(*generate[part]))]
        m.submodules[f"carry4_{start}"] = Instance(
            "CARRY4",
            i_CI=cascade,
            i_CYINIT=Const(0) if start else carry,
            i_DI=data,
            i_S=select,
            o_O=out,
            o_CO=carries,
        )
        sums += [out[bit] for bit in range(len(propagate[part]))]
        cascade = carries[-1]
    return Cat(*sums)
