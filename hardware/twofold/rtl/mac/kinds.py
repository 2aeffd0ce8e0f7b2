"""From the names in a geometry to the kinds of processing element."""

from __future__ import annotations

from twofold.network.types import IntType
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int4_dsp import Int4Dsp
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.int_mul import IntMul
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.weight_code import TwosComplement


def pe_kind(name: PeName, geometry: Geometry) -> PeKind:
    """The kind of this name, lanes × lanes."""
    lanes, family = geometry.lanes, geometry.family
    match name:
        case PeName.INT_MUL:
            return IntMul(lanes, lanes)
        case PeName.INT8_DSP:
            return Int8Dsp(lanes, lanes, family, inputs=geometry.int8_dsp_inputs)
        case PeName.INT4_DSP:
            return Int4Dsp(lanes, lanes, family, low=geometry.int4_dsp_low, high=geometry.int4_dsp_high)
        case PeName.APOT_SHIFT:
            return ApotShift(lanes, lanes, activation_bits=geometry.apot_activation_bits, family=family)
        case PeName.LUT_DA:
            low, high = geometry.lut_da_low, geometry.lut_da_high
            activations = IntType(False, geometry.lut_da_activation_bits)
            return LutDa(lanes, lanes, TwosComplement(low, high), activations, addends=2, family=family)


def table_kind(geometry: Geometry) -> LutDa | None:
    """The geometry's kind whose tables are filled for several tiles at once."""
    return next((kind for kind in pe_kinds(geometry) if isinstance(kind, LutDa)), None)


def pe_kinds(geometry: Geometry) -> tuple[PeKind, ...]:
    """The geometry's kinds, in its order."""
    return tuple(pe_kind(name, geometry) for name in geometry.kinds)
