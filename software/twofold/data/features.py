"""Measured quantities as images: a network's input for data that are no pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twofold.data.dataset import ByteArray
from twofold.errors import UserError

FULL_SCALE = 255
FEATURES = "features"
"""Name of the ranges in a model's metadata and a run's figures."""


@dataclass(frozen=True, eq=False)
class FeatureRange:
    """What bytes of each feature stand for: 0 for low, 255 for high, linearly between. Both float64 [F]."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: npt.ArrayLike, tails: float = 0.0) -> FeatureRange:
        """The range of each column of `values` [N, F], which are to be those of the training part.

        tails: the percentage of values at either end that may be clipped; some for features with outliers.
        Raises UserError, with the column, for what has no range.
        """
        columns = _checked(values)
        if not 0 <= tails < 50:
            raise UserError(f"tails: expected a percentage from 0 to below 50, got {tails}")
        low, high = np.percentile(columns, [tails, 100 - tails], axis=0)
        constant = np.flatnonzero(low >= high)
        if constant.size:
            raise UserError(
                f"feature {constant[0]}: expected values that differ, got {low[constant[0]]}; leave it out"
            )
        return cls(low, high)

    def as_text(self) -> str:
        """As a model's metadata have it; every bit is kept."""
        return json.dumps({"low": self.low.tolist(), "high": self.high.tolist()})

    @classmethod
    def from_text(cls, text: str) -> FeatureRange:
        """Raises UserError for anything else than what `as_text` gave."""
        try:
            entry = json.loads(text)
            low, high = (np.array(entry[name], np.float64) for name in ("low", "high"))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise UserError(f"features: expected low and high of each, found {text[:40]!r}") from error
        if low.ndim != 1 or low.shape != high.shape or not (low < high).all():
            raise UserError(f"features: expected low below high of each, found {text[:40]!r}")
        return cls(low, high)

    def is_same(self, other: FeatureRange) -> bool:
        return np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)

    def codes(self, values: npt.ArrayLike) -> ByteArray:
        """Bytes [N, F, 1, 1] of `values` [N, F], as `twofold.data.dataset.Images.of` takes them: the nearest,
        and the last one for what is beyond.

        A network sees them as numbers from 0 to 1, [N, F, 1, 1], and begins with `nn.Flatten()`.
        """
        columns = _checked(values)
        if columns.shape[1] != len(self.low):
            raise UserError(f"expected {len(self.low)} features, got {columns.shape[1]}")
        share = np.clip((columns - self.low) / (self.high - self.low), 0, 1)
        return np.rint(share * FULL_SCALE).astype(np.uint8)[:, :, None, None]


def _checked(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        columns = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"features: expected numbers [samples, features], got: {error}") from error
    if columns.ndim != 2 or not columns.size:
        raise UserError(f"features: expected [samples, features], got shape {columns.shape}")
    wrong = np.argwhere(~np.isfinite(columns))
    if len(wrong):
        sample, feature = wrong[0]
        raise UserError(
            f"sample {sample}, feature {feature}: expected a number, got {columns[sample, feature]}"
        )
    return columns
