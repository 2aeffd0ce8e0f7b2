"""The DSP block of UltraScale+."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Value

_USE_A2_AND_B2 = 0b00000
_ADD_PCIN = 0b00_001_01_01
_ADD_C = 0b00_011_01_01


def dsp48e2(
    start: int | None,
    *,
    operand: Value,
    load: Value,
    hold: Value,
    use: Value,
    factor: Value,
    previous: Value,
    p: Value,
    cascade: Value,
) -> Instance:
    """DSP48E2 (AMD UG579) as a `MultiplyAdd`: A through A1, A2 and, past the idle pre-adder, AD."""
    registers = {"AREG": 2, "ACASCREG": 2, "BREG": 2, "BCASCREG": 2, "ADREG": 1, "DREG": 1, "CREG": 1}
    registers |= {"MREG": 1, "PREG": 1}
    registers |= dict.fromkeys(("INMODEREG", "OPMODEREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG"), 0)
    enabled = dict.fromkeys(("CEB1", "CEB2", "CEC", "CEM", "CEP"), Const(1))
    idle = dict.fromkeys(("CED", "CECTRL", "CEINMODE", "CEALUMODE", "CECARRYIN"), Const(0))
    resets = ("A", "B", "C", "D", "M", "P", "CTRL", "INMODE", "ALUMODE", "ALLCARRYIN")
    idle |= {f"RST{name}": Const(0) for name in resets}
    unused = {"ACIN": Const(0, 30), "BCIN": Const(0, 18), "CARRYCASCIN": Const(0), "MULTSIGNIN": Const(0)}
    return Instance(
        "DSP48E2",
        **{f"p_{name}": value for name, value in registers.items()},
        p_AMULTSEL="AD",
        p_BMULTSEL="B",
        p_PREADDINSEL="A",
        p_USE_MULT="MULTIPLY",
        p_USE_SIMD="ONE48",
        p_A_INPUT="DIRECT",
        p_B_INPUT="DIRECT",
        **{f"i_{name}": value for name, value in {**enabled, **idle, **unused}.items()},
        i_CLK=ClockSignal(),
        i_A=Cat(operand, operand[-1].replicate(30 - len(operand))),
        i_CEA1=load,
        i_CEA2=hold,
        i_CEAD=use,
        i_B=factor,
        i_C=Const(start or 0, 48),
        i_D=Const(0, 27),
        i_PCIN=previous,
        i_INMODE=Const(_USE_A2_AND_B2, 5),
        i_OPMODE=Const(_ADD_PCIN if start is None else _ADD_C, 9),
        i_ALUMODE=Const(0, 4),
        i_CARRYIN=Const(0),
        i_CARRYINSEL=Const(0, 3),
        o_P=p,
        o_PCOUT=cascade,
    )
