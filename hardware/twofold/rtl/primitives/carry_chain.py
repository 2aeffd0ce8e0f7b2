"""The carry chains of slices."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Instance, Module, Signal, Value, ValueLike

from twofold.rtl.primitives.family import Family


def carry_chain(
    m: Module, propagate: Sequence[Value], generate: Sequence[Value], carry: ValueLike, family: Family
) -> Value:
    """Sum bits `propagate ^ carry` of a chain, lowest first; combinational.

    Bit i hands on its own carry where `propagate[i]` is high, else `generate[i]`; `carry` enters bit 0. Of
    CARRY4 (AMD UG953), for UltraScale+ of CARRY8 (AMD UG974).
    """
    bits = 8 if family is Family.XCUP else 4
    sums: list[Value] = []
    for start in range(0, len(propagate), bits):
        part = slice(start, start + bits)
        select, data, out, carries = (Signal(bits, name=f"{name}_{start}") for name in ("s", "di", "o", "co"))
        m.d.comb += [select.eq(Cat(*propagate[part])), data.eq(Cat(*generate[part]))]
        m.submodules[f"carry{bits}_{start}"] = Instance(
            f"CARRY{bits}", *_enter(carry, bool(start), family), i_DI=data, i_S=select, o_O=out, o_CO=carries
        )
        sums += [out[bit] for bit in range(len(propagate[part]))]
        carry = carries[-1]
    return Cat(*sums)


def _enter(carry: ValueLike, cascaded: bool, family: Family) -> tuple[tuple[str, str, ValueLike], ...]:
    """Where a carry enters a block: CARRY4 has a port of its own for one that is no other block's."""
    if family is Family.XCUP:
        return ("i", "CI", carry), ("i", "CI_TOP", Const(0))
    return ("i", "CI", carry if cascaded else Const(0)), ("i", "CYINIT", Const(0) if cascaded else carry)
