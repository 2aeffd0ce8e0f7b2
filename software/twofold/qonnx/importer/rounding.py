"""The quantisers' rounding, in the float32 arithmetic of the executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from twofold.qonnx.importer.steps import Floats


def _up(x: Floats) -> Floats:
    return np.sign(x) * np.ceil(np.abs(x))


def _half_up(x: Floats) -> Floats:
    return np.sign(x) * np.floor(np.abs(x) + np.float32(0.5))


def _half_down(x: Floats) -> Floats:
    return np.sign(x) * np.ceil(np.abs(x) - np.float32(0.5))


Numbers = npt.NDArray[np.float64]

NEAREST = ("ROUND", "HALF_EVEN")
MODES: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType(
    {
        "ROUND": np.rint,
        "HALF_EVEN": np.rint,
        "CEIL": np.ceil,
        "FLOOR": np.floor,
        "UP": _up,
        "DOWN": np.trunc,
        "HALF_UP": _half_up,
        "HALF_DOWN": _half_down,
    }
)
"""QONNX's rounding modes, all ascending."""
_ONE_SIDED: Mapping[str, Callable[[Numbers], Numbers]] = MappingProxyType(
    {
        "CEIL": lambda codes: -np.ones_like(codes),
        "FLOOR": np.ones_like,
        "UP": lambda codes: -np.sign(codes),
        "DOWN": np.sign,
    }
)
"""Modes for which a code is an end of what is rounded to it: to which side of it that lies."""


class Rounding(Protocol):
    """From float32 numbers of any shape to codes in `bounds`; an ascending function."""

    @property
    def bounds(self) -> tuple[int, int]: ...

    def __call__(self, values: Floats) -> Floats: ...

    def clipped(self, lo: int, hi: int) -> Rounding:
        """The same, its codes clamped to lo..hi."""

    def middles(self, codes: Numbers) -> Numbers:
        """In codes, the middle of what is rounded to each of `codes`, any shape."""


@dataclass(frozen=True)
class Clamped:
    """bounds: least and greatest code."""

    scale: float
    zero_point: int
    bounds: tuple[int, int]

    def clipped(self, lo: int, hi: int) -> Self:
        least, most = self.bounds
        return replace(self, bounds=(min(max(least, lo), hi), max(min(most, hi), lo)))

    def middles(self, codes: Numbers) -> Numbers:
        return codes

    def clamped(self, values: Floats) -> Floats:
        return np.clip(values, np.float32(self.bounds[0]), np.float32(self.bounds[1]))


@dataclass(frozen=True)
class QuantRounding(Clamped):
    """`Quant`: clamps, then rounds `value / scale + zero point`. mode: one of MODES."""

    mode: str

    def middles(self, codes: Numbers) -> Numbers:
        direction = _ONE_SIDED.get(self.mode)
        return codes if direction is None else codes + direction(codes) / 2

    def __call__(self, values: Floats) -> Floats:
        return MODES[self.mode](self.clamped(values / np.float32(self.scale) + np.float32(self.zero_point)))


@dataclass(frozen=True)
class LinearRounding(Clamped):
    """`QuantizeLinear`: rounds half to even, adds the zero point, then clamps."""

    def __call__(self, values: Floats) -> Floats:
        return self.clamped(np.rint(values / np.float32(self.scale)) + np.float32(self.zero_point))


@dataclass(frozen=True)
class BipolarRounding(Clamped):
    """`BipolarQuant`: 1 from zero on, else -1."""

    def __call__(self, values: Floats) -> Floats:
        return np.where(values >= 0, np.float32(1), np.float32(-1))


@dataclass(frozen=True)
class TruncRounding(Clamped):
    """`Trunc`: rounds `value / scale + zero point` half to even, divides, clamps, and rounds by `mode`."""

    divisor: float
    mode: str

    def __call__(self, values: Floats) -> Floats:
        codes = np.rint(values / np.float32(self.scale) + np.float32(self.zero_point))
        return MODES[self.mode](self.clamped(codes / np.float32(self.divisor)))
