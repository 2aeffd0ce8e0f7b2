"""A densely connected network: trained, pruned, exported, exact everywhere, planned for the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from twofold.data.dataset import Dataset
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.network.describe import observed_tensors
from twofold.network.ops import Concat
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.qonnx.executor import run_executor
from twofold.qonnx.freeze import OUTPUT
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_file
from twofold.train.recipe import Budget
from twofold.train.run import train


def layer(inputs: int, outputs: int, kernel: int = 3) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class Dense(nn.Module):
    """Each layer of a block reads what all before it gave (Huang et al., arXiv 1608.06993), rectified."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.first, self.second = layer(1, 6), layer(6, 4), layer(10, 4)
        self.transition, self.third = layer(14, 6, 1), layer(6, 4)
        self.pool, self.fc = nn.MaxPool2d(2), nn.Linear(10, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = torch.cat([x, self.first(x)], 1)
        x = torch.cat([x, self.second(x)], 1)
        x = self.pool(self.transition(x))
        x = torch.cat([x, self.third(x)], 1)
        return self.fc(x.mean((2, 3)))


@pytest.mark.parametrize(
    "recipe, widths",
    [
        ("apot", (5, 3, 3, 5, 3)),
        ("spq", (5, 3, 3, 5, 3)),
        ("int8_prune", (5, 3, 3, 5, 3)),
    ],
)
def test_exact_from_training_to_the_plan(
    recipe: str, widths: tuple[int, ...], few_digits: Dataset, short_budget: Budget, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    result = train(recipe, few_digits, tmp_path, model=Dense(), budget=short_budget)
    imported = import_file(result.onnx)
    network = imported.network
    channels = [
        network.tensors[f"{name}_2"].channels for name in ("stem", "first", "second", "transition", "third")
    ]
    assert tuple(channels) == widths
    assert sum(isinstance(op, Concat) for op in network.ops) == 3

    images = few_digits.test.real[:5].numpy()
    codes = imported.reader.codes_of(images)
    golden, frozen = execute(network, codes), run_frozen(result.frozen, images)
    for name, found, tensors in (
        ("brevitas", frozen, (OUTPUT,)),
        ("executor", run_executor(result.onnx, network, codes), observed_tensors(network)),
    ):
        check = compare("dense", ("golden", golden), (name, found), tensors)
        assert check.status is Status.PASS, check.detail
    assert {"cat", "cat_1", "cat_2"} <= set(frozen)
    assert all(np.array_equal(golden[name], frozen[name]) for name in frozen), "every quantised tensor"
    assert plan(network, propose(network)).predicted_cycles(frames=1) > 0
