"""Integers in the text files that the generated testbench reads: one frame a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twofold.errors import UserError
from twofold.network.types import IntArray

INPUT_FILE = "tb_input_features.dat"
OUTPUT_FILE = "tb_output_predictions.dat"


def golden_file(layer: str) -> str:
    return f"golden_{layer}.dat"


def found_file(layer: str) -> str:
    return f"found_{layer}.dat"


def write_vectors(path: Path, values: IntArray) -> None:
    """values: [N, elements]."""
    path.write_text("".join(" ".join(map(str, row)) + "\n" for row in values.tolist()))


def read_vectors(path: Path, frames: int, elements: int) -> IntArray:
    """int64 [frames, elements]. Raises UserError if the file is missing or holds anything else."""
    try:
        values = np.array(path.read_text().split(), dtype=str).astype(np.int64)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: expected integers written by the C simulation, found {error}") from error
    if values.size != frames * elements:
        raise UserError(f"{path}: expected {frames} × {elements} integers, found {values.size}")
    return values.reshape(frames, elements)
