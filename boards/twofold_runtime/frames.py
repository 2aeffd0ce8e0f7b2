"""Images as an accelerator reads them, and its results as integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from twofold_runtime.errors import AcceleratorError


def _up(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.ceil(np.abs(x))


def _half_up(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.floor(np.abs(x) + np.float32(0.5))


def _half_down(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.ceil(np.abs(x) - np.float32(0.5))


FULL_SCALE = 255
"""Levels of a measured quantity above the least."""

STEPS = {
    "times": np.multiply,
    "divided_by": np.divide,
    "plus": np.add,
    "at_least": np.maximum,
    "at_most": np.minimum,
}
MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": _up,
    "DOWN": np.trunc,
    "HALF_UP": _half_up,
    "HALF_DOWN": _half_down,
}
"""QONNX's rounding modes."""


def quantise(images: Any, host: dict[str, Any]) -> np.ndarray:
    """Input codes, int64 [N, C, H, W], of images as the model file takes them, in its float32 arithmetic.

    host: of program.json or kernel.json. Raises AcceleratorError if it says nothing of images, and for images
    of another shape, or that hold NaN.
    """
    reading = host["images"]
    if reading is None:
        raise AcceleratorError(
            f"images: they cannot be quantised, as {host['obstacle']}; pass codes to run()"
        )
    values = np.asarray(images, np.float32)
    shape = reading["image_shape"]
    if list(values.shape[1:]) != shape:
        raise AcceleratorError(
            f"images: expected shape [N, {', '.join(map(str, shape))}], found {values.shape}"
        )
    values = values.reshape(-1, *reading["map"]).transpose(0, *(axis + 1 for axis in reading["order"]))
    values = values.reshape(-1, *reading["shape"])
    for step in reading["steps"]:
        constant = np.array(step["constant"], np.float32).reshape(-1, 1, 1)
        values = STEPS[step["kind"]](values, constant)
    if np.isnan(values).any():
        raise AcceleratorError("images: expected numbers, found NaN among them")
    return _codes(values, reading["quantiser"]).astype(np.int64)


def images_of(measured: Any, host: dict[str, Any]) -> np.ndarray:
    """Images, float32 [N, ...], of measured quantities [N, F], by the ranges of the model's training.

    host: as of `quantise`. Raises AcceleratorError if it has no ranges, and for another number of
    quantities, or what is no number.
    """
    ranges = host["features"]
    if ranges is None:
        raise AcceleratorError(
            "measured: expected a model file with the ranges of its quantities, found none; pass images to "
            "predict(), as the file's own input takes them"
        )
    low, high = (np.array(ranges[name], np.float64) for name in ("low", "high"))
    columns = np.asarray(measured, np.float64)
    if columns.ndim != 2 or columns.shape[1] != len(low):
        raise AcceleratorError(f"measured: expected shape [N, {len(low)}], found {columns.shape}")
    if not np.isfinite(columns).all():
        raise AcceleratorError("measured: expected numbers, found NaN or infinity among them")
    share = np.clip((columns - low) / (high - low), 0, 1)
    levels = np.rint(share * FULL_SCALE).astype(np.float32) / np.float32(FULL_SCALE)
    return levels.reshape(-1, *host["images"]["image_shape"])


def _codes(values: np.ndarray, quantiser: dict[str, Any]) -> np.ndarray:
    if quantiser["kind"] == "bipolar":
        return np.where(values >= 0, 1, -1)
    least, most = (np.float32(bound) for bound in quantiser["bounds"])
    zero_point = np.float32(quantiser["zero_point"])
    scaled = values / np.float32(quantiser["scale"])
    if quantiser["kind"] == "linear":
        return np.clip(np.rint(scaled) + zero_point, least, most)
    return MODES[quantiser["mode"]](np.clip(scaled + zero_point, least, most))


def side_by_side(codes: np.ndarray, columns: dict[str, int] | None) -> np.ndarray:
    """Frames [N, C, H, W] with the columns that the first kernel meets at once as channels of one word.

    Word x of a row has columns x · stride + k · dilation − before for k = 0 … count − 1, `fill` outside.
    """
    if columns is None:
        return codes
    place = np.arange(columns["width"]) * columns["stride"] - columns["before"]
    found = []
    for column in range(columns["count"]):
        at = place + column * columns["dilation"]
        inside = (at >= 0) & (at < codes.shape[3])
        found.append(np.where(inside, codes[..., at * inside], columns["fill"]))
    return np.concatenate(found, axis=1)


def pack(codes: np.ndarray, lanes: int) -> np.ndarray:
    """Codes [N, C, H, W] → bytes [N, ⌈C / lanes⌉ · H · W · lanes] as the engine reads them.

    Blocks of `lanes` channels one after the other; in a block a word of `lanes` bytes for each pixel,
    row by row, the lowest channel first. Missing channels are 0.
    """
    frames, channels, height, width = codes.shape
    blocks = -(-channels // lanes)
    padded = np.zeros((frames, blocks * lanes, height, width), np.int64)
    padded[:, :channels] = codes
    words = padded.reshape(frames, blocks, lanes, height, width).transpose(0, 1, 3, 4, 2)
    return words.astype(np.uint8).reshape(frames, -1)


def unpack(data: np.ndarray, region: dict[str, Any], lanes: int) -> np.ndarray:
    """Bytes [N, stride] that the engine wrote → integers [N, K] of one region of a frame's results."""
    map_, item_bytes = region["map"], region["item_bits"] // 8
    channels, pixels = map_["channels"], map_["height"] * map_["width"]
    blocks = -(-channels // lanes)
    size = blocks * pixels * lanes * item_bytes
    part = np.ascontiguousarray(data[:, region["offset"] : region["offset"] + size])
    items = part.view(f"<{'i' if map_['signed'] else 'u'}{item_bytes}").astype(np.int64)
    by_channel = items.reshape(len(data), blocks, pixels, lanes).transpose(0, 1, 3, 2)
    return by_channel.reshape(len(data), blocks * lanes, pixels)[:, :channels].reshape(len(data), -1)
