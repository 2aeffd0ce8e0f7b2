"""Windows of convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.qonnx.importer.attributes import Attributes

_LARGEST = 1 << 20


@dataclass(frozen=True)
class Window:
    """stride, dilation: (vertical, horizontal); padding: (top, left, bottom, right)."""

    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]


def window(attributes: Attributes, axes: int = 2) -> Window:
    """Reads `strides`, `pads`, `dilations` and `auto_pad`, which must be NOTSET.

    axes: of the map; 1 for [C, W], which is a map of height 1.
    """
    attributes.require("auto_pad", attributes.text("auto_pad", "NOTSET"), "NOTSET")
    strides = attributes.integers("strides", axes, (1,) * axes)
    pads = attributes.integers("pads", 2 * axes, (0, 0) * axes)
    dilations = attributes.integers("dilations", axes, (1,) * axes)
    for name, values, least in (("strides", strides, 1), ("pads", pads, 0), ("dilations", dilations, 1)):
        for value in values:
            if not least <= value <= _LARGEST:
                attributes.require(name, value, f"{least} to {_LARGEST}")
    if axes == 1:
        return Window((1, strides[0]), (0, pads[0], 0, pads[1]), (1, dilations[0]))
    top, left, bottom, right = pads
    return Window((strides[0], strides[1]), (top, left, bottom, right), (dilations[0], dilations[1]))


def kernel(attributes: Attributes, axes: int = 2) -> tuple[int, int]:
    """Reads `kernel_shape`, which pools require. axes: as those of `window`."""
    sizes = attributes.integers("kernel_shape", axes)
    for value in sizes:
        if not 1 <= value <= _LARGEST:
            attributes.require("kernel_shape", value, f"1 to {_LARGEST}")
    return (1, sizes[0]) if axes == 1 else (sizes[0], sizes[1])
