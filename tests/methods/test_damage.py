"""One weight less, of each road."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twofold.methods.damage import damaged_file, damaged_network
from twofold.network.ops import Conv2d
from twofold.qonnx.importer.load import import_model

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"


def test_network_and_file_lose_the_same_weight(tmp_path: Path) -> None:
    sound = import_model(MODEL)
    damaged, imported = damaged_network(sound), import_model(damaged_file(MODEL, tmp_path / "model.onnx"))
    convolutions = [op for op in sound.ops if isinstance(op, Conv2d)]
    for op, one, other in zip(convolutions, *(map_convolutions(n) for n in (damaged, imported)), strict=True):
        assert np.array_equal(one.weight, other.weight)
        changed = one.weight != op.weight
        assert changed.sum() == (op is convolutions[0])
        assert not one.weight[changed].any()


def map_convolutions(network: object) -> list[Conv2d]:
    return [op for op in network.ops if isinstance(op, Conv2d)]  # type: ignore[attr-defined]
