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


def window(attributes: Attributes) -> Window:
    """Reads `strides`, `pads`, `dilations` and `auto_pad`, which must be NOTSET."""
    attributes.require("auto_pad", attributes.text("auto_pad", "NOTSET"), "NOTSET")
    strides = attributes.integers("strides", 2, (1, 1))
    pads = attributes.integers("pads", 4, (0, 0, 0, 0))
    dilations = attributes.integers("dilations", 2, (1, 1))
    for name, values, least in (("strides", strides, 1), ("pads", pads, 0), ("dilations", dilations, 1)):
        for value in values:
            if not least <= value <= _LARGEST:
                attributes.require(name, value, f"{least} to {_LARGEST}")
    top, left, bottom, right = pads
    return Window((strides[0], strides[1]), (top, left, bottom, right), (dilations[0], dilations[1]))


def kernel(attributes: Attributes) -> tuple[int, int]:
    """Reads `kernel_shape`, which pools require."""
    height, width = attributes.integers("kernel_shape", 2)
    for value in (height, width):
        if not 1 <= value <= _LARGEST:
            attributes.require("kernel_shape", value, f"1 to {_LARGEST}")
    return height, width
