"""Behaviour of vendor primitives for simulation and proofs, written from their documentation."""

from __future__ import annotations

from collections.abc import Mapping

from twofold.rtl.primitives.family import Family
from twofold.sim.dsp48 import DSP48E1, DSP48E2

_SHARED = """
module LUT6_2 #(parameter [63:0] INIT = 0) (output O6, O5, input I0, I1, I2, I3, I4, I5);
  assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
  assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule
module RAM32M (
  output [1:0] DOA, DOB, DOC, DOD,
  input [4:0] ADDRA, ADDRB, ADDRC, ADDRD,
  input [1:0] DIA, DIB, DIC, DID,
  input WCLK, WE
);
  reg [7:0] words [0:31];
  integer i;
  initial for (i = 0; i < 32; i = i + 1) words[i] = 0;
  assign DOA = words[ADDRA][1:0];
  assign DOB = words[ADDRB][3:2];
  assign DOC = words[ADDRC][5:4];
  assign DOD = words[ADDRD][7:6];
  always @(posedge WCLK) if (WE) words[ADDRD] <= {DID, DIC, DIB, DIA};
endmodule
"""
_CARRY4 = """
module CARRY4 (output [3:0] CO, O, input CI, CYINIT, input [3:0] DI, S);
  wire into_0 = CI | CYINIT;
  wire into_1 = S[0] ? into_0 : DI[0];
  wire into_2 = S[1] ? into_1 : DI[1];
  wire into_3 = S[2] ? into_2 : DI[2];
  wire into_4 = S[3] ? into_3 : DI[3];
  assign CO = {into_4, into_3, into_2, into_1};
  assign O = S ^ {into_3, into_2, into_1, into_0};
endmodule
"""
_CARRY8 = """
module CARRY8 #(parameter CARRY_TYPE = "SINGLE_CY8") (
  output [7:0] CO, O, input CI, CI_TOP, input [7:0] DI, S
);
  wire [8:0] into;
  assign into[0] = CI;
  genvar i;
  generate for (i = 0; i < 8; i = i + 1) assign into[i + 1] = S[i] ? into[i] : DI[i]; endgenerate
  assign CO = into[8:1];
  assign O = S ^ into[7:0];
endmodule
"""
XC7 = _SHARED + _CARRY4
"""LUT6_2, RAM32M and CARRY4 of the 7 series (AMD UG953)."""

XCUP = _SHARED + _CARRY8
"""LUT6_2, RAM32M and CARRY8 of UltraScale+ (AMD UG974)."""

MODELS: Mapping[Family, str] = {
    Family.PORTABLE: "",
    Family.XC7: XC7 + DSP48E1,
    Family.XCUP: XCUP + DSP48E2,
}
"""Verilog of all that an engine of a family instantiates."""
