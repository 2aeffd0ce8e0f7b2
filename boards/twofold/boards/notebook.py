"""A Jupyter notebook for the board: self-test, predictions with their pictures, the hardware's counters."""

from __future__ import annotations

import json
from collections.abc import Sequence

NAME = "twofold.ipynb"
_OPEN = """from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from twofold_runtime import Accelerator

accelerator = Accelerator("twofold.bit"{port})
print(accelerator.selftest())"""
_IMAGES = """folder = Path("images")
files = sorted(folder.glob("*.npy")) if folder.is_dir() else []
shape = {shape}
# Files of yours, arrays of this shape, as the model file's own input takes them; noise without them.
noise = np.random.default_rng(0).random((8, *shape))
images = np.stack([np.load(path) for path in files]) if files else noise
labels = accelerator.predict(images)"""
_PICTURES = """def picture(image):
    image = np.atleast_2d(np.squeeze(image))
    if image.ndim == 3 and len(image) == 3:
        return image.transpose(1, 2, 0)
    return image if image.ndim == 2 or image.shape[2] == 3 else image[0]

figure, axes = plt.subplots(1, min(8, len(images)), squeeze=False, figsize=(12, 2))
for axis, image, label in zip(axes[0], images, labels):
    axis.imshow(picture(image), cmap="gray")
    axis.set_title(str(label))
    axis.axis("off")
plt.show()"""
_COUNTERS = """print(f"{accelerator.frames} frames in {accelerator.cycles} cycles, "
      f"{accelerator.frames_per_second:,.0f} frames a second")
print(accelerator.counters)"""
_POWER = "print(accelerator.watts())"


def notebook(title: str, shape: tuple[int, ...] | None, over_uart: bool, counted: bool) -> str:
    """The notebook's text, in nbformat 4, without outputs.

    shape: of an image; None where the runtime quantises none. counted: whether the hardware
    counts cycles, as our engine does.
    """
    port = ', port="/dev/ttyUSB1"' if over_uart else ""
    where = (
        "Run on the PC that the board is connected to" if over_uart else "Run as root on a board with PYNQ"
    )
    cells = [
        _cell("markdown", f"# {title}\n\n{where}; nothing in here was run before."),
        _cell("code", _OPEN.replace("{port}", port)),
        *([] if shape is None else _images(shape, counted)),
        _cell("code", _POWER),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(content, indent=1) + "\n"


def _images(shape: tuple[int, ...], counted: bool) -> list[dict[str, object]]:
    texts = [_IMAGES.replace("{shape}", repr(shape)), _PICTURES, *([_COUNTERS] if counted else [])]
    return [_cell("code", text) for text in texts]


def _cell(kind: str, text: str) -> dict[str, object]:
    lines: Sequence[str] = text.splitlines(keepends=True)
    code: dict[str, object] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": lines, **code}
