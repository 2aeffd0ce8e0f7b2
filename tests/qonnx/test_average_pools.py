"""Averages over windows, as modules and calls, from training to the executor's integers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold import api
from twofold.golden.compare import Status
from twofold.network.ops import SumPool2d
from twofold.qonnx.freeze_grids import Grid, Source, exact_grid
from twofold.quant.recipe import Apot, Int, Recipe

IMAGES = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Averaging(nn.Module):
    """Windows that do not overlap, that do and have no power of two of elements, and the rest of the map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
        self.pool, self.linear = nn.AvgPool2d(3, 1), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(F.relu(self.conv1(x)), 2)
        x = self.pool(F.relu(self.conv2(x)))
        return self.linear(torch.flatten(F.avg_pool2d(x, (2, 2)), 1))


@pytest.mark.parametrize("recipe", [Int(8), Apot(4, 4)], ids=["int8", "apot"])
def test_averages_are_the_executor_s(recipe: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(0)
    frozen = api.freeze(api.quantise(Averaging(), recipe, IMAGES).eval(), IMAGES)
    path = tmp_path / "averaging.onnx"
    api.export(frozen, IMAGES, path)
    pools = [op for op in api.import_model(path).ops if isinstance(op, SumPool2d)]
    assert [(op.kernel, op.stride) for op in pools] == [((2, 2), (2, 2)), ((3, 3), (1, 1)), ((2, 2), (2, 2))]
    (check,) = api.verify(path, "qonnx", frames=16, work=tmp_path)
    assert check.status is Status.PASS, check.detail


def test_windows_and_whole_maps_of_one_size_are_proven_alike() -> None:
    operand = Source(Grid.scalar(0.5, 0, 255), torch.Size((1, 4, 3, 2)))
    window, whole = (
        exact_grid("pool", pool, operand) for pool in (nn.AvgPool2d((3, 2)), nn.AdaptiveAvgPool2d(1))
    )
    assert (window.scale, float(window.magnitude)) == (whole.scale, float(whole.magnitude))
