"""The shipped frames through the accelerator, and images into codes, compared with the shipped integers."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from twofold_runtime.bundle import Bundle
from twofold_runtime.engine import Engine, Program, stopped_on_error
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.links import Buffer, Link

PREFIX = "selftest_"
VECTORS = "selftest.npz"
LEAST_FRAMES = 3
SLACK = 1024
"""Bytes that buffers lose to their alignment, at most."""
UNWRITTEN = 0xA5
"""What every byte of a result buffer is before a run, so that no result of an earlier run is compared."""


class Result:
    """passed: no integer differs. layers: that were compared. difference: the first one.

    images: that were quantised, none where the program does not say how.
    """

    def __init__(self, frames: int, layers: int, integers: int, difference: str | None, images: int = 0):
        self.frames, self.layers, self.integers, self.difference = frames, layers, integers, difference
        self.images = images

    @property
    def passed(self) -> bool:
        return self.difference is None

    def as_json(self) -> dict[str, Any]:
        return {"passed": self.passed, **vars(self)}

    def __str__(self) -> str:
        done = f"{self.frames} frames, {self.integers} integers of {self.layers} layers"
        done += f", {self.images} images quantised" if self.images else ""
        return f"self-test passed: {done}" if self.passed else f"self-test failed: {self.difference} ({done})"


def vectors_of(bundle: Bundle) -> dict[str, np.ndarray]:
    """codes [N, C, H, W], and for each region of the program's results its integers; perhaps images and their
    image_codes.

    Raises AcceleratorError if the bundle has none, or too few frames.
    """
    if not bundle.has(VECTORS):
        raise AcceleratorError(f"expected {VECTORS} in the board folder, found none; write the project again")
    with np.load(io.BytesIO(bundle.bytes(VECTORS)), allow_pickle=False) as archive:
        vectors = {name: archive[name] for name in archive.files}
    if len(vectors["codes"]) < LEAST_FRAMES:
        raise AcceleratorError(f"{VECTORS}: expected {LEAST_FRAMES} frames, found {len(vectors['codes'])}")
    return vectors


def room_needed(bundle: Bundle) -> int:
    """Bytes of memory that `replay` takes, at least: one frame at a time."""
    if not bundle.has(f"{PREFIX}program.json"):
        return 0
    description = bundle.json(f"{PREFIX}program.json")
    files = sum(len(bundle.bytes(f"{PREFIX}{name}")) for name in ("code.bin", "image.bin"))
    return files + description["input"]["stride"] + description["output_stride"] + SLACK


def replay(bundle: Bundle, link: Link, engine: Engine, timeout: float) -> Result:
    """Runs the traced program, a frame a run; compares every layer. Raises AcceleratorError as runs do."""
    vectors = vectors_of(bundle)
    with link.temporary():
        program = Program(bundle, link, PREFIX)
        source, target = link.buffer(program.input_stride), link.buffer(program.output_stride)
        data = np.concatenate(
            [_frame(engine, program, source, target, codes, timeout) for codes in vectors["codes"]]
        )
    # Regions have the network's output first; the layers follow in their order.
    order = [*range(1, len(program.regions)), 0]
    found = {region: program.unpacked(data, region) for region in order}
    names = {region: program.regions[region]["map"]["name"] for region in order}
    return compared(vectors, [(names[region], region, found[region]) for region in order])


def _frame(
    engine: Engine, program: Program, source: Buffer, target: Buffer, codes: np.ndarray, timeout: float
) -> np.ndarray:
    source.put(program.packed(codes[np.newaxis]))
    forget(target, program.output_stride)
    with stopped_on_error(engine):
        engine.start(program, source, target, 1)
        engine.finish(program, 1, timeout)
    return target.get(program.output_stride).reshape(1, -1)


def forget(target: Buffer, nbytes: int) -> None:
    """Overwrites what earlier runs left in the first `nbytes` of a result buffer."""
    target.put(np.full(nbytes, UNWRITTEN, np.uint8))


def compared(vectors: dict[str, np.ndarray], found: list[tuple[str, int, np.ndarray]]) -> Result:
    """found: name, region and integers [N, K] of each layer, in their order."""
    frames = len(vectors["codes"])
    first, integers = None, 0
    for name, region, values in found:
        expected = vectors[f"region{region}"].reshape(frames, -1)
        integers += expected.size
        first = first or _difference(name, values, expected)
    return Result(frames, len(found), integers, first)


def with_images(
    result: Result, vectors: dict[str, np.ndarray], quantise: Callable[[np.ndarray], np.ndarray]
) -> Result:
    """The result, and whether `quantise` gives the codes of the images that came with the design."""
    if "images" not in vectors:
        return result
    expected = vectors["image_codes"]
    found = quantise(vectors["images"])
    wrong = _difference("quantise()", *(codes.reshape(len(codes), -1) for codes in (found, expected)))
    return Result(
        result.frames, result.layers, result.integers, wrong or result.difference, len(vectors["images"])
    )


def _difference(name: str, found: np.ndarray, expected: np.ndarray) -> str | None:
    wrong = np.argwhere(found != expected)
    if not len(wrong):
        return None
    frame, place = wrong[0]
    return (
        f"{name} differs first, at element {place} of frame {frame}: expected {expected[frame, place]}, "
        f"found {found[frame, place]}; {len(wrong)} of {expected.size} differ"
    )
