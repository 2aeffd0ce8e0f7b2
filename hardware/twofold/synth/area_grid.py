"""The geometries over which the planner's model of area is held against synthesis."""

from __future__ import annotations

from collections.abc import Iterator

from twofold.network.types import IntType
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.weight_code import APOT4, INT4, TwosComplement
from twofold.rtl.primitives.family import Family

XC7 = Family.XC7
SIZES = ((4, 1), (4, 2), (4, 4), (8, 1), (8, 2), (8, 4), (12, 2), (16, 1), (16, 2))
"""tin × tout: small, as a column's area depends on tin and the rest is proportional to tout."""

THREE_BITS = ((0, 1, 2, 4),)
FIVE_BITS = ((0, 2, 8, 32), (0, 1, 4, 16))
SIX_BITS = ((0, 2, 16, 64), (0, 1, 8, 32), (0, 4))
"""Tables of arXiv 1909.13144 by the width of a weight."""


def grid() -> dict[str, PeKind]:
    """At least twelve geometries of each kind, by the label of their row."""
    kinds = (*_apot_shift(), *_int_mul(), *_lut_da(), *_int8_dsp(), *_int4_dsp())
    return {f"{kind.name} {kind.tin}×{kind.tout}{widths}": kind for widths, kind in kinds}


def _apot_shift() -> Iterator[tuple[str, PeKind]]:
    for tin, tout in SIZES:
        yield "", ApotShift(tin, tout, activation_bits=4, family=XC7)
    for bits in (2, 6, 8):
        yield f", u{bits}", ApotShift(8, 2, activation_bits=bits, family=XC7)
    yield ", APoT3", ApotShift(8, 2, THREE_BITS, 4, XC7)
    yield ", APoT5 × u6", ApotShift(4, 2, FIVE_BITS, 6, XC7)
    yield ", APoT6", ApotShift(5, 3, SIX_BITS, 4, XC7)


def _int_mul() -> Iterator[tuple[str, PeKind]]:
    for tin, tout in SIZES:
        yield "", IntMul(tin, tout)
    for bits in (2, 4, 6):
        yield f", INT{bits}", IntMul(8, 2, weight_bits=bits)
    yield ", INT4", IntMul(5, 3, weight_bits=4)


def _lut_da() -> Iterator[tuple[str, PeKind]]:
    unsigned = {bits: IntType(False, bits) for bits in (2, 4, 6, 8)}
    for tin, tout in SIZES:
        yield "", LutDa(tin, tout, INT4, unsigned[4], addends=2, family=XC7)
    yield ", APoT4", LutDa(8, 2, APOT4, unsigned[4], addends=2, family=XC7)
    yield ", APoT4 × u6, added", LutDa(8, 2, APOT4, unsigned[6], family=XC7)
    yield ", INT4 × i4, added", LutDa(8, 2, INT4, IntType(True, 4), family=XC7)
    yield ", INT8 × u8, added", LutDa(4, 2, TwosComplement(-128, 127), unsigned[8], family=XC7)
    yield ", INT2 × u2, added", LutDa(8, 1, TwosComplement(-2, 1), unsigned[2], family=XC7)


def _int8_dsp() -> Iterator[tuple[str, PeKind]]:
    for tin, tout in ((2, 2), (4, 2), (4, 4), (6, 4), (8, 2), (8, 4), (12, 2), (16, 2)):
        yield "", Int8Dsp(tin, tout, XC7)
    for tin, tout in ((4, 2), (8, 2), (8, 4), (16, 2)):
        yield ", from −127", Int8Dsp(tin, tout, XC7, low=-127)


def _int4_dsp() -> Iterator[tuple[str, PeKind]]:
    for tin, tout in ((4, 4), (4, 8), (8, 4), (8, 8), (12, 4), (16, 4)):
        yield "", Int4Dsp(tin, tout, XC7)
    for tin, tout in ((4, 3), (4, 6), (8, 3), (8, 6), (12, 3), (16, 3)):
        yield ", APoT4", Int4Dsp(tin, tout, XC7, low=-10, high=10)
