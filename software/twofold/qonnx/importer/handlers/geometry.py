"""Windows of convolutions and pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twofold.qonnx.importer.attributes import Attributes

_LARGEST = 1 << 20
_SAME = ("SAME_UPPER", "SAME_LOWER")


@dataclass(frozen=True)
class Window:
    """stride, dilation: (vertical, horizontal); padding: (top, left, bottom, right)."""

    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]


def window(attributes: Attributes, size: Sequence[int], kernel_size: Sequence[int], axes: int = 2) -> Window:
    """Reads `strides`, `pads`, `dilations` and `auto_pad`.

    size: height and width of the map, padded by nodes before. axes: of the map in the graph; 1 for [C, W],
    which is a map of height 1.
    """
    strides = attributes.integers("strides", axes, (1,) * axes)
    pads = attributes.integers("pads", 2 * axes, (0, 0) * axes)
    dilations = attributes.integers("dilations", axes, (1,) * axes)
    for name, values, least in (("strides", strides, 1), ("pads", pads, 0), ("dilations", dilations, 1)):
        for value in values:
            if not least <= value <= _LARGEST:
                attributes.require(name, value, f"{least} to {_LARGEST}")
    way = attributes.text("auto_pad", "NOTSET")
    attributes.require("auto_pad", way, "NOTSET", "VALID", *_SAME)
    if way != "NOTSET":
        attributes.require("pads", pads, (0, 0) * axes)
    if way in _SAME:
        attributes.require("dilations", dilations, (1,) * axes)
        given = zip(size[-axes:], kernel_size[-axes:], strides, strict=True)
        pads = _around([_same(*along, way == "SAME_UPPER") for along in given])
    if axes == 1:
        return Window((1, strides[0]), (0, pads[0], 0, pads[1]), (1, dilations[0]))
    top, left, bottom, right = pads
    return Window((strides[0], strides[1]), (top, left, bottom, right), (dilations[0], dilations[1]))


def _same(size: int, kernel_size: int, stride: int, more_behind: bool) -> tuple[int, int]:
    """What is added before and behind, so that there are ⌈size / stride⌉ windows."""
    added = max((-(-size // stride) - 1) * stride + kernel_size - size, 0)
    less, more = added // 2, added - added // 2
    return (less, more) if more_behind else (more, less)


def _around(ends: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """All begins, then all ends."""
    return (*(begin for begin, _ in ends), *(end for _, end in ends))


def kernel(attributes: Attributes, axes: int = 2) -> tuple[int, int]:
    """Reads `kernel_shape`, which pools require. axes: as those of `window`."""
    sizes = attributes.integers("kernel_shape", axes)
    for value in sizes:
        if not 1 <= value <= _LARGEST:
            attributes.require("kernel_shape", value, f"1 to {_LARGEST}")
    return (1, sizes[0]) if axes == 1 else (sizes[0], sizes[1])
