"""What an array of processing elements takes of a device, before anything is synthesised.

Sums of the parts that an array is built from, so functions of tin, tout and the widths alone, in the units
of `twofold.synth.utilisation.Utilisation` for the 7 series. `twofold.synth.bench_cost` measures how far
Yosys is from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from twofold.plan.area.dsp import dsp_fit
from twofold.plan.area.trees import register_bits
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.dsp_columns import DspColumns
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.ternary_tree import plan_tree
from twofold.rtl.primitives.family import Family

_GENERATOR_LUT = 13
_GENERATOR_FF = 19
"""Counters and enables of a generator of subset sums."""


@dataclass(frozen=True)
class Area:
    """lut: without those used as memories and shift registers, `lutram`. latency: cycles, exact."""

    lut: int
    lutram: int
    ff: int
    dsp: int
    latency: int


def area(kind: PeKind) -> Area:
    """The area of `kind.component()`. Raises ValueError for a kind or a form of it without a model."""
    if getattr(kind, "family", Family.XC7) is not Family.XC7:
        raise ValueError(f"expected the form of {kind.name} for {Family.XC7}, got {kind}")
    match kind:
        case ApotShift():
            return _apot_shift(kind)
        case IntMul():
            return _int_mul(kind)
        case LutDa():
            return _lut_da(kind)
        case DspColumns():
            return _dsp_columns(kind)
        case _:
            raise ValueError(f"expected a kind with a model of its area, got {kind.name}")


def _apot_shift(kind: ApotShift) -> Area:
    """A LUT for two bits of a chosen shift, for a bit of two gated terms, and for a bit of a ternary sum."""
    plan = plan_tree(kind.leaves)
    terms = sum(table.luts(kind.tin, kind.activation_bits) for table in kind.tables)
    registers = sum(leaf.bits for leaf in kind.leaves) + register_bits(kind.leaves, plan)
    weights = 2 * kind.code_bits * kind.tin * kind.tout
    return Area(
        lut=kind.tout * (terms + plan.luts) + _enables(kind),
        lutram=0,
        ff=kind.tin * kind.activation_bits + weights + kind.tout * registers,
        dsp=0,
        latency=kind.latency,
    )


def _enables(kind: PeKind) -> int:
    """LUTs that tell the words of a tile apart."""
    return kind.load_words if kind.load_words > 1 else 0


def _int_mul(kind: IntMul) -> Area:
    """DSP blocks for the products and, by pairs, their first additions; adders for the rest of a tree.

    The blocks also keep the activations and the weights in use."""
    adders = registers = 0
    terms, width = -(-kind.tin // 2), kind.weight_bits + 10
    while terms > 1:
        adders += terms // 2 * width
        terms, width = -(-terms // 2), width + 1
        registers += terms * min(width, kind.sum_bits)
    waiting = kind.weight_bits * kind.tin * kind.tout
    return Area(
        lut=kind.tout * adders + _enables(kind),
        lutram=0,
        ff=waiting + kind.tout * registers,
        dsp=kind.tin * kind.tout,
        latency=kind.latency,
    )


def _lut_da(kind: LutDa) -> Area:
    """A tile of tables and trees, and a generator with the memory of its weights."""
    tile, filler = table_tile_area(kind), filler_area(kind)
    return Area(
        lut=tile.lut + filler.lut,
        lutram=tile.lutram + filler.lutram,
        ff=tile.ff + filler.ff,
        dsp=0,
        latency=kind.latency,
    )


def table_tile_area(kind: LutDa) -> Area:
    """Tables of all bit planes and trees, a `LutDaTile`."""
    tables = kind.activations.bits * kind.groups
    leaf_bits = tables * kind.layout.sum_bits
    return Area(
        lut=kind.tout * kind.tree.luts,
        lutram=tables * _table_ram(kind.layout.sum_bits * kind.tout),
        ff=kind.tin * kind.activations.bits + kind.tout * (leaf_bits + register_bits(kind.leaves, kind.tree)),
        dsp=0,
        latency=kind.latency,
    )


def filler_area(kind: LutDa) -> Area:
    """A generator with the memory of its weights, a `TableFiller`."""
    layout, stage = kind.layout, kind.stage
    generator = layout.columns * layout.sum_bits
    return Area(
        lut=generator + 2 * layout.columns + _GENERATOR_LUT,
        lutram=sum(_table_ram(part * layout.code.bits) for part in stage.parts),
        ff=generator + layout.place_bits + _GENERATOR_FF,
        dsp=0,
        latency=kind.settle,
    )


def _dsp_columns(kind: DspColumns) -> Area:
    fit = dsp_fit(kind)
    return Area(fit.lut.of(kind), fit.lutram.of(kind), fit.ff.of(kind), kind.dsp, kind.latency)


def _table_ram(width: int) -> int:
    """LUTs of a memory of 32 words."""
    return -(-width // 6) * 4
