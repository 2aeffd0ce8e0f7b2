"""Behaviour of the cells of mapped netlists for AMD's devices, written from UG953.

DSP48E1 is Yosys's own model and not the one that the RTL is simulated with: two that must agree.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from twofold.errors import UserError
from twofold.sim import dsp48, primitives

_LUTS = "\n".join(
    f"module LUT{inputs} #(parameter [{(1 << inputs) - 1}:0] INIT = 0) "
    f"(output O, input {', '.join(f'I{pin}' for pin in range(inputs))});\n"
    f"  assign O = INIT[{{{', '.join(f'I{pin}' for pin in reversed(range(inputs)))}}}];\nendmodule"
    for inputs in range(1, 7)
)
_MUXES = "\n".join(
    f"module {name} (output O, input I0, I1, S);\n  assign O = S ? I1 : I0;\nendmodule"
    for name in ("MUXF7", "MUXF8", "MUXF9")
)
_FLIP_FLOPS = "\n".join(
    f"module {name} #(parameter [0:0] INIT = {init}) (output reg Q = INIT, input C, CE, {control}, D);\n"
    f"  always @(posedge C) if ({control}) Q <= {init}; else if (CE) Q <= D;\nendmodule"
    for name, control, init in (("FDRE", "R", 0), ("FDSE", "S", 1))
)
_OTHERS = """
module INV (output O, input I);
  assign O = !I;
endmodule
module SRL16E #(parameter [15:0] INIT = 0, parameter IS_CLK_INVERTED = 0) (
  output Q, input A0, A1, A2, A3, CE, CLK, D
);
  reg [15:0] bits = INIT;
  wire clock = CLK ^ IS_CLK_INVERTED;
  assign Q = bits[{A3, A2, A1, A0}];
  always @(posedge clock) if (CE) bits <= {bits[14:0], D};
endmodule
module SRLC32E #(parameter [31:0] INIT = 0, parameter IS_CLK_INVERTED = 0) (
  output Q, Q31, input [4:0] A, input CE, CLK, D
);
  reg [31:0] bits = INIT;
  wire clock = CLK ^ IS_CLK_INVERTED;
  assign Q = bits[A];
  assign Q31 = bits[31];
  always @(posedge clock) if (CE) bits <= {bits[30:0], D};
endmodule
"""
SLICE_CELLS = "\n".join((_LUTS, _MUXES, _FLIP_FLOPS, _OTHERS))
"""LUTs, multiplexers, flip-flops with synchronous control, and shift registers."""

_MODULE = re.compile(r"^module\s+\\?([\w$]+).*?^endmodule$", re.MULTILINE | re.DOTALL)


def models_of(types: Iterable[str]) -> str:
    """Verilog of the cells of these types. Raises UserError for one that nothing describes."""
    known = {**_modules(dsp48.DSP48E2), **_yosys_models(), **_modules(SLICE_CELLS + primitives.XC7)}
    wanted = sorted(set(types))
    missing = [name for name in wanted if name not in known]
    if missing:
        raise UserError(f"expected cells whose behaviour is known, found {', '.join(missing)}")
    return "\n".join(known[name] for name in wanted) + "\n"


@cache
def _yosys_models() -> Mapping[str, str]:
    """The models that Yosys ships for xc7; of these only what is not written here is taken."""
    spec = importlib.util.find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise UserError("the Python package pyosys is missing: pip install pyosys")
    return _modules((Path(spec.origin).parent / "share" / "xilinx" / "cells_sim.v").read_text())


def _modules(text: str) -> dict[str, str]:
    return {found[1]: found[0] for found in _MODULE.finditer(text)}
