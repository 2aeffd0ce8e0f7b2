"""Subjects for benches are real quantised networks, equal for equal seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.network.ops import Conv2d
from twofold.qonnx.importer.load import import_model
from twofold.qonnx.untrained import export_untrained
from twofold.quant.recipe import ApotWeights

SHAPE = (1, 8, 8)


def test_a_network_by_name_has_the_recipes_weights(tmp_path: Path) -> None:
    for seed, name in ((0, "a"), (0, "b"), (1, "c")):
        export_untrained("demo", ApotWeights(4, 4), tmp_path / f"{name}.onnx", SHAPE, seed)
    a, b, c = (import_model(tmp_path / f"{name}.onnx") for name in "abc")
    weights = [[op.weight for op in network.ops if isinstance(op, Conv2d)] for network in (a, b, c)]
    assert all(np.array_equal(x, y) for x, y in zip(weights[0], weights[1], strict=True))
    assert not np.array_equal(weights[0][1], weights[2][1])
    assert set(np.unique(np.abs(weights[0][1]))) <= {0, 1, 2, 3, 4, 6, 8, 10}
    codes = np.random.default_rng(0).integers(0, 256, (8, *SHAPE))
    assert all(len(np.unique(values)) > 4 for values in execute(a, codes).values())


def test_an_unknown_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^network: expected one of demo, resnet8,"):
        export_untrained("resnet9", ApotWeights(4, 4), tmp_path / "a.onnx")
