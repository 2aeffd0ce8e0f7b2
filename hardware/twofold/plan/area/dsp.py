"""What arrays of chained DSP blocks take beside the blocks, fitted to synthesis.

Parts of an array are shared by its columns (the skew of the activations, the packing of the load bus), or
belong to a column, to a row of it, or to a row's counter of what leaves a lane. Least squares over the rows
of `twofold.synth.area_grid` give the price of each.
"""

from __future__ import annotations

from dataclasses import dataclass

from twofold.rtl.mac.dsp_columns import DspColumns
from twofold.rtl.mac.packed_lanes import Boundary


@dataclass(frozen=True)
class Prices:
    """Per row of the array, per column and per row of a column, and what there is once."""

    once: float
    row: float
    column: float
    block: float

    def of(self, kind: DspColumns) -> int:
        return round(
            self.once
            + self.row * kind.rows
            + self.column * kind.columns
            + self.block * kind.columns * kind.rows
        )


@dataclass(frozen=True)
class Logic:
    """LUTs per row of the array, per column, and per row and bit of its counters."""

    row: float
    column: float
    counter_bit: float

    def of(self, kind: DspColumns) -> int:
        bits = sum(counter.bits for counter in kind.counters)
        return round(
            self.row * kind.rows
            + self.column * kind.columns
            + self.counter_bit * bits * kind.columns * kind.rows
        )


@dataclass(frozen=True)
class Fit:
    """One way of packing: its LUTs, LUTs as memory, and flip-flops."""

    lut: Logic
    lutram: Prices
    ff: Prices


_FITS = {
    (Boundary.PARITY,): Fit(Logic(1.15, 4.62, 1.09), Prices(-18, 10, 0, 0), Prices(29.8, 10.42, 22.9, 10.66)),
    (Boundary.QUADRANT,): Fit(Logic(-0.1, 2.32, 0.96), Prices(-18, 9, 0, 0), Prices(24.8, 9.89, 24.1, 4.49)),
    (Boundary.QUADRANT, Boundary.QUADRANT): Fit(
        Logic(-0.27, 2.31, 0.86), Prices(-8, 4, 0, 0), Prices(5.7, 9.91, 7.64, 8.04)
    ),
    (Boundary.SIGN, Boundary.SIGN, Boundary.SIGN_TWICE): Fit(
        Logic(2.83, 30.7, 0.65), Prices(-9.3, 6.22, 31.4, 0), Prices(-20.2, 19.77, 28.6, 58.12)
    ),
}
"""By the counters between the lanes, from the lowest; 7 series."""


def dsp_fit(kind: DspColumns) -> Fit:
    """Raises ValueError for a packing that was not measured."""
    boundaries = tuple(counter.kind for counter in kind.counters)
    if boundaries not in _FITS:
        raise ValueError(f"expected a packing with a model of its area, got {kind}")
    return _FITS[boundaries]
