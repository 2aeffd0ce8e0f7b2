"""A few episodes on a tiny network: rows, budget, resuming."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.metrics import layer_costs
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.remove import remove_filters
from twofold.train import search_filters as module
from twofold.train.search_filters import FilterSearch, SearchSettings, search_filters

SETTINGS = SearchSettings(0.3, episodes=6, images=32, epochs=1)


@pytest.fixture(scope="module")
def found(network: nn.Module, few_digits: Dataset, folder: Path) -> FilterSearch:
    return search_filters(network, few_digits, folder, SETTINGS)


def test_both_rows(found: FilterSearch) -> None:
    uniform, searched = found.rows
    assert [row.method for row in found.rows] == ["uniform", "dual-ddpg"]
    assert uniform.widths == {"conv1": 5, "conv2": 5, "conv3": 5, "conv4": 7, "shortcut": 7}
    assert searched.widths["conv1"] == searched.widths["conv3"]
    assert searched.bops_ratio >= uniform.bops_ratio > 1, "within the budget"
    assert found.seconds > 0


def test_a_second_call_tries_and_trains_nothing(
    found: FilterSearch,
    network: nn.Module,
    few_digits: Dataset,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(module, "predict")
    monkeypatch.delattr(module, "fine_tune")
    assert search_filters(network, few_digits, folder, SETTINGS) == found


def test_an_interrupted_search_ends_the_same(
    found: FilterSearch,
    network: nn.Module,
    few_digits: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predictions = iter(range(4))

    def interrupted(*arguments: object) -> torch.Tensor:
        if next(predictions, None) is None:
            raise KeyboardInterrupt
        return predict(*arguments)  # type: ignore[arg-type]

    predict = module.predict
    monkeypatch.setattr(module, "predict", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search_filters(network, few_digits, tmp_path, SETTINGS)
    monkeypatch.setattr(module, "predict", predict)
    assert search_filters(network, few_digits, tmp_path, SETTINGS).rows == found.rows


class Twice(nn.Module):
    """Calls its second convolution twice."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.fc = nn.Linear(6, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.second(torch.relu(self.first(x))))
        return self.fc(torch.relu(self.second(x)).mean((2, 3)))


def test_the_budget_counts_each_call_of_a_layer(few_digits: Dataset, tmp_path: Path) -> None:
    search = module._Search(Twice().eval(), few_digits, tmp_path, SETTINGS)
    pruned = remove_filters(search.network, search.examples.real, FilterNorm(1), dict(search._by_layer((5,))))
    macs = sum(layer.macs for layer in layer_costs(pruned, search.examples.real))
    assert search.uniform == (5,) and search.ranking.budget == macs


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(UserError, match="expected at least 1 episode, 1 image and 0 epochs, got 0, 1000 and"):
        SearchSettings(episodes=0)
