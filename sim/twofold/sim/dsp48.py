"""Behaviour of DSP48E1 and DSP48E2 in the modes that are used, written from AMD's UG479 and UG579.

Other modes are refused: a parameter of theirs makes the model need a module that does not exist, whose name
says what was expected; a control input of theirs stops the simulation.
"""

from __future__ import annotations

_PORTS = """
  output [29:0] ACOUT, output [17:0] BCOUT, output CARRYCASCOUT, output [3:0] CARRYOUT, output MULTSIGNOUT,
  output OVERFLOW, UNDERFLOW, PATTERNDETECT, PATTERNBDETECT, output reg signed [47:0] P, output [47:0] PCOUT,
  input signed [29:0] A, input [29:0] ACIN, input signed [17:0] B, input [17:0] BCIN, input [47:0] C, PCIN,
  input [3:0] ALUMODE, input [4:0] INMODE, input [2:0] CARRYINSEL,
  input CARRYCASCIN, CARRYIN, MULTSIGNIN, CLK,
  input CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP,
  input RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP
"""

_PARAMETERS = """
  parameter ACASCREG = 1, ADREG = 1, ALUMODEREG = 1, AREG = 1, BCASCREG = 1, BREG = 1, CARRYINREG = 1,
  parameter CARRYINSELREG = 1, CREG = 1, DREG = 1, INMODEREG = 1, MREG = 1, OPMODEREG = 1, PREG = 1,
  parameter A_INPUT = "DIRECT", B_INPUT = "DIRECT", USE_MULT = "MULTIPLY", USE_SIMD = "ONE48"
"""

_MODEL = """
module {name} #({parameters}, {more_parameters}) ({ports}, {more_ports});
  generate
    if (AREG != 2 || BREG != 2 || ADREG != 1 || DREG != 1 || CREG != 1 || MREG != 1 || PREG != 1)
      {name}_with_all_data_registers expected();
    if (INMODEREG + OPMODEREG + ALUMODEREG + CARRYINREG + CARRYINSELREG != 0)
      {name}_without_control_registers expected();
    if (A_INPUT != "DIRECT" || B_INPUT != "DIRECT" || USE_MULT != "MULTIPLY" || USE_SIMD != "ONE48")
      {name}_multiplying_a_and_b expected();
    if ({other_operand}) {name}_with_the_pre_adder expected();
  endgenerate
  wire from_c = OPMODE == {add_c};
  wire other = INMODE != 0 || ALUMODE != 0 || CARRYINSEL != 0 || CARRYIN || !(from_c || OPMODE == {add_pcin})
    || RSTA || RSTALLCARRYIN || RSTALUMODE || RSTB || RSTC || RSTCTRL || RSTD || RSTINMODE || RSTM || RSTP;
`ifdef VERILATOR
  always @(posedge CLK) if (other) begin $display("{name}: a mode that is not modelled"); $stop; end
`endif
  reg signed [29:0] a1, a2;
  reg signed [{top}:0] ad;
  reg signed [17:0] b1, b2;
  reg signed [{product_top}:0] product;
  reg [47:0] c;
  initial begin a1 = 0; a2 = 0; ad = 0; b1 = 0; b2 = 0; c = 0; product = 0; P = 0; end
  always @(posedge CLK) begin
    if (CEA1) a1 <= A;
    if (CEA2) a2 <= a1;
    if (CEAD) ad <= a2[{top}:0];
    if (CEB1) b1 <= B;
    if (CEB2) b2 <= b1;
    if (CEC) c <= C;
    if (CEM) product <= ad * b2;
    if (CEP) P <= (from_c ? $signed(c) : $signed(PCIN)) + product;
  end
  assign PCOUT = P;
  assign {{ACOUT, BCOUT, CARRYCASCOUT, CARRYOUT, MULTSIGNOUT}} = 0;
  assign {{OVERFLOW, UNDERFLOW, PATTERNDETECT, PATTERNBDETECT}} = 0;
endmodule
"""


def _model(name: str, width: int, parameters: str, ports: str, other_operand: str, opmode: str) -> str:
    return _MODEL.format(
        name=name,
        parameters=_PARAMETERS,
        more_parameters=parameters,
        ports=_PORTS,
        more_ports=ports,
        other_operand=other_operand,
        add_c=opmode.format("011"),
        add_pcin=opmode.format("001"),
        top=width - 1,
        product_top=width + 17,
    )


DSP48E1 = _model(
    "DSP48E1",
    25,
    'parameter USE_DPORT = "FALSE"',
    "input [24:0] D, input [6:0] OPMODE",
    'USE_DPORT != "TRUE"',
    "7'b{}_01_01",
)
"""The 25 × 18 multiplier of the 7 series: P = (C or PCIN) + A·B, A through A1, A2 and AD."""

DSP48E2 = _model(
    "DSP48E2",
    27,
    'parameter AMULTSEL = "A", BMULTSEL = "B", PREADDINSEL = "A", USE_WIDEXOR = "FALSE"',
    "input [26:0] D, input [8:0] OPMODE",
    'AMULTSEL != "AD" || BMULTSEL != "B" || PREADDINSEL != "A" || USE_WIDEXOR != "FALSE"',
    "9'b00_{}_01_01",
)
"""The 27 × 18 multiplier of UltraScale+, otherwise the same."""
