from __future__ import annotations

from fractions import Fraction

import pytest

from twofold.errors import UserError
from twofold.qonnx.input_type import InputType, Quantiser


@pytest.mark.parametrize(
    "name, gain, offset, quantiser",
    [
        ("INT8", 1, 0, Quantiser(1.0, 8)),
        ("uint4", 1, 0, Quantiser(1.0, 4, signed=False)),
        ("BINARY", 1, 0, Quantiser(1.0, 1, signed=False)),
        ("TERNARY", 1, 0, Quantiser(1.0, 2, narrow=True)),
        ("FIXED<16, 6>", 1, 0, Quantiser(2.0**-10, 16)),
        ("FIXED<8,3>", 2, 0, Quantiser(2.0**-4, 8)),
        ("UINT8", Fraction(1, 255), 0, Quantiser(1 / 255, 8, signed=False)),
        ("UINT8", Fraction(1, 2), -3, Quantiser(0.5, 8, 6, signed=False)),
        ("BIPOLAR", 3, 0, Quantiser(3.0)),
        ("BIPOLAR", Fraction(1, 2), Fraction(1, 2), Quantiser(1.0, 1, signed=False)),
        ("BIPOLAR", Fraction(1, 2), Fraction(-1, 2), Quantiser(1.0, 1, 1, signed=False)),
    ],
)
def test_a_quantiser_has_the_type_behind_the_steps(
    name: str, gain: Fraction, offset: Fraction, quantiser: Quantiser
) -> None:
    assert InputType.of(name).quantiser(Fraction(gain), Fraction(offset)) == quantiser


@pytest.mark.parametrize(
    "name",
    [
        "",
        "INT",
        "INT1",
        "INT17",
        "UINT0",
        "UINT32",
        "FLOAT32",
        "FLOAT<4,3>",
        "SCALEDINT<8>",
        "FIXED<16>",
        "x",
    ],
)
def test_other_types_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="input type: expected BIPOLAR, "):
        InputType.of(name)


@pytest.mark.parametrize(
    "name, gain, offset", [("UINT8", 1, 1), ("INT8", 1, Fraction(1, 3)), ("BIPOLAR", 1, 2)]
)
def test_steps_that_leave_no_code_for_zero_are_refused(name: str, gain: int, offset: Fraction) -> None:
    with pytest.raises(UserError, match="the code that stands for 0"):
        InputType.of(name).quantiser(Fraction(gain), Fraction(offset))


def test_steps_that_change_signs_are_refused() -> None:
    with pytest.raises(UserError, match="keep signs, found × -1"):
        InputType.of("INT8").quantiser(Fraction(-1), Fraction(0))
