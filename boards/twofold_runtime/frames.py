"""Images as an accelerator reads them, and its results as integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from twofold_runtime.errors import AcceleratorError


def quantise(images: Any, entry: dict[str, Any]) -> np.ndarray:
    """Input codes of real numbers: round half to even, then clamp. Any shape, int64.

    entry: `input` of program.json, with scale, and width, sign and zero point in its map. Raises
    AcceleratorError for images that hold NaN.
    """
    map_ = entry["map"]
    if np.isnan(images).any():
        raise AcceleratorError("images: expected numbers, found NaN among them")
    lowest = -(1 << (map_["bits"] - 1)) if map_["signed"] else 0
    codes = np.rint(np.asarray(images, np.float64) / entry["scale"]) + map_["zero_point"]
    return np.clip(codes, lowest, lowest + (1 << map_["bits"]) - 1).astype(np.int64)


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
