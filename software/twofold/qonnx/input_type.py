"""Names of the numbers that an input can hold, as QONNX's datatypes, and the quantiser that says the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from twofold.errors import UserError

_BIPOLAR = "BIPOLAR"
_SUPPORTED = "BIPOLAR, BINARY, TERNARY, INT2 to INT16, UINT1 to UINT16 or FIXED<W,I> such as FIXED<16,6>"
_ALIASES = {"BINARY": "UINT1", "TERNARY": "INT2"}
_INTEGER = re.compile(r"(U?)INT(\d{1,2})")
_FIXED = re.compile(r"FIXED<(\d{1,2}),(-?\d{1,2})>")
_MOST_BITS = 16


@dataclass(frozen=True)
class Quantiser:
    """The fields of a `Quant` node; bits None: of a `BipolarQuant` node, which has the scale alone."""

    scale: float
    bits: int | None = None
    zero_point: int = 0
    signed: bool = True
    narrow: bool = False


@dataclass(frozen=True)
class InputType:
    """name: a datatype of QONNX. Its numbers are codes / 2^fraction_bits, of `bits` bits.

    FIXED<W,I> has W bits, I of them before the point.
    """

    name: str
    bits: int
    signed: bool
    fraction_bits: int = 0

    @classmethod
    def of(cls, text: str) -> InputType:
        """Raises UserError for names of other types, and of none."""
        name = "".join(text.split()).upper()
        if name == _BIPOLAR:
            return cls(name, 1, signed=True)
        integer, fixed = _INTEGER.fullmatch(_ALIASES.get(name, name)), _FIXED.fullmatch(name)
        if integer:
            found = cls(name, int(integer[2]), signed=not integer[1])
        elif fixed:
            found = cls(name, int(fixed[1]), signed=True, fraction_bits=int(fixed[1]) - int(fixed[2]))
        else:
            raise UserError(f"input type: expected {_SUPPORTED}, got {text!r}")
        if not 1 + found.signed <= found.bits <= _MOST_BITS:
            raise UserError(f"input type: expected {_SUPPORTED}, got {text!r}")
        return found

    def quantiser(self, gain: Fraction, offset: Fraction) -> Quantiser:
        """Of `gain · x + offset` for numbers x of this type: it leaves them as they are, but for float32's
        rounding. Raises UserError if no zero point in the codes' range stands for 0."""
        if gain <= 0:
            raise UserError(
                f"input type: expected steps before the layers that keep signs, found × {float(gain):g}"
            )
        if self.name == _BIPOLAR:
            return Quantiser(float(gain)) if offset == 0 else self._unsigned_bit(gain, offset)
        scale, narrow = gain / Fraction(2) ** self.fraction_bits, self.name == "TERNARY"
        least = -(1 << (self.bits - 1)) + narrow if self.signed else 0
        greatest = (1 << (self.bits - self.signed)) - 1
        zero = self._zero_point(-offset / scale, least, greatest)
        return Quantiser(float(scale), self.bits, zero, self.signed, narrow)

    def _unsigned_bit(self, gain: Fraction, offset: Fraction) -> Quantiser:
        """-1 as code 0 and 1 as code 1."""
        scale = 2 * gain
        return Quantiser(float(scale), 1, self._zero_point((gain - offset) / scale, 0, 1), signed=False)

    def _zero_point(self, place: Fraction, lo: int, hi: int) -> int:
        if place.denominator != 1 or not lo <= place <= hi:
            raise UserError(
                f"input type: expected the code that stands for 0 in {lo} to {hi}, found {float(place):g} "
                f"for {self.name} behind the steps before the first layer"
            )
        return int(place)
