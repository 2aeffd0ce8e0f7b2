"""The device families that primitives are written for."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """PORTABLE describes behaviour and leaves the mapping to the tool; the others instantiate primitives.

    XC7: 7 series. XCUP: UltraScale+, whose forms are those of XC7 with CARRY8 in place of CARRY4.
    """

    PORTABLE = "portable"
    XC7 = "xc7"
    XCUP = "xcup"
