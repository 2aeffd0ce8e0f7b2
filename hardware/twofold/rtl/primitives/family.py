"""The device families that primitives are written for."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """PORTABLE describes behaviour and leaves the mapping to the tool; the others instantiate primitives."""

    PORTABLE = "portable"
    XC7 = "xc7"
