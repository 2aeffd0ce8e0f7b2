"""What to do to a trained network instead of training its quantised version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twofold.errors import UserError


class Calibration(StrEnum):
    """Which of the values seen an activation's range ends at."""

    MIN_MAX = "min-max"
    PERCENTILE = "percentile"
    MSE = "mse"


class Activations(StrEnum):
    """When an activation's scale is chosen: before, for each batch, or never, as it stays in float."""

    STATIC = "static"
    DYNAMIC = "dynamic"
    FLOAT = "float"


class Source(StrEnum):
    """Where the images that scales and biases are chosen on come from."""

    TRAINING = "training"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class PostTraining:
    """Quantisation of a trained network of integer levels that nothing is trained after.

    calibration: of static activations; percentile: of its values that lie within the range, where that is the
    calibration. zero_point: activations of both signs get codes from 0 on, any of which may be the one that
    is worth 0. equalise: evens out the ranges of channels between layers first. correct_bias: takes the mean
    error of each layer's results out of its bias. images: those of the training part, or, where there are
    none to be had, some that fit the statistics of the network's batch normalisations. Raises UserError for
    what makes no difference or no sense.
    """

    calibration: Calibration = Calibration.MIN_MAX
    percentile: float = 99.99
    activations: Activations = Activations.STATIC
    zero_point: bool = False
    equalise: bool = False
    correct_bias: bool = False
    images: Source = Source.TRAINING

    def __post_init__(self) -> None:
        if not 50 < self.percentile <= 100:
            raise UserError(f"percentile: expected more than 50 and at most 100, got {self.percentile}")
        if self.activations is not Activations.STATIC and self.calibration is not Calibration.MIN_MAX:
            raise UserError(
                f'calibration: expected only with activations = "{Activations.STATIC}", '
                f'got "{self.activations}"'
            )

        if self.zero_point and self.activations is not Activations.STATIC:
            raise UserError(
                f'zero_point: expected only with activations = "{Activations.STATIC}", '
                f'got "{self.activations}"'
            )

    @property
    def gives_integers(self) -> bool:
        """Whether every scale is a constant, as export and every backend need."""
        return self.activations is Activations.STATIC
