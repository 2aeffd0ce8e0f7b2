"""What a host does around a network: how images become codes, as a runtime reads it, and what follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

STEP_KINDS = ("times", "divided_by", "plus", "at_least", "at_most")
RESULT_KINDS = (*STEP_KINDS, "softmax", "log_softmax", "sigmoid", "argmax")
QUANTISER_KINDS = ("quant", "linear", "bipolar")


@dataclass(frozen=True)
class HostStep:
    """One float32 operation on each number of an image, or on a network's results.

    kind: one of STEP_KINDS; of results also the others of RESULT_KINDS, which have no constant and, but for
    sigmoid, take a result's channels together.
    constant: of each channel, or a single one for all.
    """

    kind: str
    constant: tuple[float, ...]


@dataclass(frozen=True)
class HostQuantiser:
    """From float32 numbers to codes. kind: one of QUANTISER_KINDS.

    quant: clamps `value / scale + zero_point`, then rounds by `mode`, as QONNX calls it. linear: rounds half
    to even, adds the zero point, then clamps. bipolar: 1 from zero on, else -1. bounds: least and greatest
    code.
    """

    kind: str
    scale: float
    zero_point: int
    bounds: tuple[int, int]
    mode: str = "ROUND"


@dataclass(frozen=True)
class ImageReading:
    """How images [N, *image_shape] become codes [N, C, H, W].

    Reshaped to [N, *map], their axes are put into `order`, those of an image counted from 0; reshaped to
    [N, *shape] they go through `steps` and `quantiser`, in float32. shape: [C, H, W], a vector as 1 × 1
    pixels.
    """

    image_shape: tuple[int, ...]
    map: tuple[int, ...]
    order: tuple[int, ...]
    shape: tuple[int, int, int]
    steps: tuple[HostStep, ...]
    quantiser: HostQuantiser

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> ImageReading:
        """Of what `asdict` gave, through JSON. Raises KeyError, TypeError or ValueError for anything else."""
        steps = _steps(entry["steps"], STEP_KINDS)
        bounds = entry["quantiser"]["bounds"]
        quantiser = HostQuantiser(**{**entry["quantiser"], "bounds": (int(bounds[0]), int(bounds[1]))})
        if quantiser.kind not in QUANTISER_KINDS:
            raise ValueError(f"quantiser {quantiser.kind}")
        image_shape, map_, order = (_sizes(entry[name]) for name in ("image_shape", "map", "order"))
        channels, height, width = _sizes(entry["shape"])
        return cls(image_shape, map_, order, (channels, height, width), steps, quantiser)


@dataclass(frozen=True)
class FeatureReading:
    """How measured quantities [N, F] become images: 0 for low, 1 for high of each, linearly between, clipped,
    in float64; rounded to a multiple of 1/255, in float32.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> FeatureReading:
        """Raises as `ImageReading.from_json` does."""
        return cls(_numbers(entry["low"]), _numbers(entry["high"]))


@dataclass(frozen=True)
class HostWork:
    """before, after: the model file's nodes around the network, in words. images: what those before do.

    obstacle: why `images` is None, else "". results: what those after do with the network's numbers, None if
    it cannot be said. features: what the images are made of, where they are no pictures.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    images: ImageReading | None
    obstacle: str = ""
    results: tuple[HostStep, ...] | None = ()
    features: FeatureReading | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        ends = (("before", self.before), ("after", self.after))
        named = tuple(f"on the host {end}: {', '.join(work)}" for end, work in ends if work)
        if self.images is not None:
            return named
        return (*named, f"the runtime quantises no images, as {self.obstacle}; pass codes to run()")

    def as_words(self) -> dict[str, Any]:
        """Without what `images`, `results` and `features` have."""
        return {"before": list(self.before), "after": list(self.after), "obstacle": self.obstacle or None}

    def as_json(self) -> dict[str, Any]:
        """What a program holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> HostWork:
        """Raises as `ImageReading.from_json` does."""
        images = None if entry["images"] is None else ImageReading.from_json(entry["images"])
        results = None if entry["results"] is None else _steps(entry["results"], RESULT_KINDS)
        features = None if entry["features"] is None else FeatureReading.from_json(entry["features"])
        before, after = tuple(entry["before"]), tuple(entry["after"])
        return cls(before, after, images, str(entry["obstacle"]), results, features)


UNKNOWN = HostWork((), (), None, "no model file says how they become codes")


def _steps(entries: Iterable[Mapping[str, Any]], kinds: Iterable[str]) -> tuple[HostStep, ...]:
    steps = tuple(HostStep(entry["kind"], _numbers(entry["constant"])) for entry in entries)
    if {step.kind for step in steps} - {*kinds}:
        raise ValueError(f"steps {[step.kind for step in steps]}")
    return steps


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _sizes(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
