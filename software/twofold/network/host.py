"""What a host does around a network: how images become codes, as a runtime reads it, and what follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

STEP_KINDS = ("times", "divided_by", "plus", "at_least", "at_most")
QUANTISER_KINDS = ("quant", "linear", "bipolar")


@dataclass(frozen=True)
class HostStep:
    """One float32 operation on each number of an image. kind: one of STEP_KINDS.

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
        steps = tuple(HostStep(step["kind"], _numbers(step["constant"])) for step in entry["steps"])
        bounds = entry["quantiser"]["bounds"]
        quantiser = HostQuantiser(**{**entry["quantiser"], "bounds": (int(bounds[0]), int(bounds[1]))})
        if {step.kind for step in steps} - {*STEP_KINDS} or quantiser.kind not in QUANTISER_KINDS:
            raise ValueError(f"steps {[step.kind for step in steps]}, quantiser {quantiser.kind}")
        image_shape, map_, order = (_sizes(entry[name]) for name in ("image_shape", "map", "order"))
        channels, height, width = _sizes(entry["shape"])
        return cls(image_shape, map_, order, (channels, height, width), steps, quantiser)


@dataclass(frozen=True)
class HostWork:
    """before, after: the model file's nodes around the network, in words. images: what those before do.

    obstacle: why `images` is None, else "".
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    images: ImageReading | None
    obstacle: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        ends = (("before", self.before), ("after", self.after))
        named = tuple(f"on the host {end}: {', '.join(work)}" for end, work in ends if work)
        if self.images is not None:
            return named
        return (*named, f"the runtime quantises no images, as {self.obstacle}; pass codes to run()")

    def as_words(self) -> dict[str, Any]:
        """Without what `images` has."""
        return {"before": list(self.before), "after": list(self.after), "obstacle": self.obstacle or None}

    def as_json(self) -> dict[str, Any]:
        """What a program holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> HostWork:
        """Raises as `ImageReading.from_json` does."""
        images = None if entry["images"] is None else ImageReading.from_json(entry["images"])
        return cls(tuple(entry["before"]), tuple(entry["after"]), images, str(entry["obstacle"]))


UNKNOWN = HostWork((), (), None, "no model file says how they become codes")


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _sizes(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
