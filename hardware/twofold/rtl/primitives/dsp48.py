"""What the DSP blocks of the 7 series and of UltraScale+ have in common."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Value

_USE_A2_AND_B2 = 0b00000
_ADD_PCIN = 0b001_01_01
_ADD_C = 0b011_01_01
_REGISTERS = {"AREG": 2, "ACASCREG": 2, "BREG": 2, "BCASCREG": 2, "ADREG": 1, "DREG": 1, "CREG": 1}
_REGISTERS |= {"MREG": 1, "PREG": 1}
_REGISTERS |= dict.fromkeys(("INMODEREG", "OPMODEREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG"), 0)
_MODES = {"USE_MULT": "MULTIPLY", "USE_SIMD": "ONE48", "A_INPUT": "DIRECT", "B_INPUT": "DIRECT"}
_ENABLED = ("CEB1", "CEB2", "CEC", "CEM", "CEP")
_IDLE = ("CED", "CECTRL", "CEINMODE", "CEALUMODE", "CECARRYIN")
_RESETS = ("A", "B", "C", "D", "M", "P", "CTRL", "INMODE", "ALUMODE", "ALLCARRYIN")


def multiply_add_block(
    cell: str,
    parameters: dict[str, str],
    preadder_bits: int,
    mode_bits: int,
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
    """The block `cell` as a `MultiplyAdd`: A through A1, A2 and, past the idle pre-adder, AD.

    parameters: those that only this cell has. preadder_bits, mode_bits: widths of D and of OPMODE, whose bits
    beyond the seventh are 0. start and the ports: see `MultiplyAdd`.
    """
    constant = {name: Const(1) for name in _ENABLED} | {name: Const(0) for name in _IDLE}
    constant |= {f"RST{name}": Const(0) for name in _RESETS}
    constant |= {"ACIN": Const(0, 30), "BCIN": Const(0, 18), "CARRYCASCIN": Const(0), "MULTSIGNIN": Const(0)}
    constant |= {"CARRYIN": Const(0), "CARRYINSEL": Const(0, 3), "ALUMODE": Const(0, 4)}
    constant |= {"D": Const(0, preadder_bits), "INMODE": Const(_USE_A2_AND_B2, 5)}
    return Instance(
        cell,
        **{f"p_{name}": value for name, value in {**_REGISTERS, **_MODES, **parameters}.items()},
        **{f"i_{name}": value for name, value in constant.items()},
        i_CLK=ClockSignal(),
        i_A=Cat(operand, operand[-1].replicate(30 - len(operand))),
        i_CEA1=load,
        i_CEA2=hold,
        i_CEAD=use,
        i_B=factor,
        i_C=Const(start or 0, 48),
        i_PCIN=previous,
        i_OPMODE=Const(_ADD_PCIN if start is None else _ADD_C, mode_bits),
        o_P=p,
        o_PCOUT=cascade,
    )
