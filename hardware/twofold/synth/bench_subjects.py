"""What the table of areas measures: every kind of processing element as an array of one size."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from amaranth.lib import wiring

from twofold.network.types import IntType
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.lut_da_tiles import LutDaTiles
from twofold.rtl.mac.weight_code import APOT4, INT4
from twofold.rtl.primitives.family import Family

UINT4 = IntType(False, 4)
TILES = 8
GENERATORS = 2
"""A sweep of 64 pixels is long enough for a generator to fill the tables of four tiles in turn."""


@dataclass(frozen=True)
class Subject:
    """An array and the flow that it is synthesised with; `label` is the first column of its row."""

    label: str
    kind: PeKind
    flow: str = Family.XC7.value

    @property
    def copies(self) -> int:
        """Arrays in the component."""
        return 1

    def component(self) -> wiring.Component:
        return self.kind.component()

    @property
    def portable(self) -> PeKind:
        """The same array without a vendor's primitives."""
        if any(field.name == "family" for field in fields(self.kind)):
            return replace(self.kind, family=Family.PORTABLE)  # type: ignore[call-arg]
        return self.kind


@dataclass(frozen=True)
class SharedTables(Subject):
    """TILES arrays of tables filled by GENERATORS generators, without the memories of their weights."""

    kind: LutDa

    @property
    def copies(self) -> int:
        return TILES

    def component(self) -> wiring.Component:
        return LutDaTiles(self.kind, TILES, GENERATORS)


def subjects(tin: int, tout: int) -> tuple[Subject, ...]:
    """All kinds on 7 series, and those with DSP blocks on UltraScale+ too."""
    shared = f"of {TILES} with {GENERATORS} generators"
    int4 = LutDa(tin, tout, INT4, UINT4, addends=2, family=Family.XC7)
    apot4 = replace(int4, weights=APOT4)
    return (
        Subject("lut_da, INT4", int4),
        SharedTables(f"lut_da, INT4, {shared}", int4),
        Subject("lut_da, APoT4", apot4),
        SharedTables(f"lut_da, APoT4, {shared}", apot4),
        Subject("apot_shift", ApotShift(tin, tout, activation_bits=UINT4.bits, family=Family.XC7)),
        *_with_dsp(tin, tout, Family.XC7),
        *_with_dsp(tin, tout, Family.XCUP),
        Subject("int_mul", IntMul(tin, tout)),
    )


def _with_dsp(tin: int, tout: int, family: Family) -> tuple[Subject, ...]:
    return (
        Subject("int8_dsp", Int8Dsp(tin, tout, family), family.value),
        Subject("int8_dsp, from −127", Int8Dsp(tin, tout, family, low=-127), family.value),
        Subject("int4_dsp, INT4", Int4Dsp(tin, tout, family), family.value),
        Subject("int4_dsp, APoT4", Int4Dsp(tin, tout, family, low=-10, high=10), family.value),
    )
