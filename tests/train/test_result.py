from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.train.result import metrics_path, split_seed_of


@pytest.mark.parametrize("figures, seed", [({"seed": 3}, 3), ({"seed": 3, "split_seed": 5}, 5)])
def test_a_run_tells_how_its_data_were_split(tmp_path: Path, figures: dict[str, int], seed: int) -> None:
    metrics_path(tmp_path).write_text(json.dumps({"dataset": "digits", **figures}))
    assert split_seed_of(tmp_path, "digits") == seed


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"dataset": "digits"}', '{"dataset": "digits", "seed": null}']
)
def test_damaged_figures_are_told(tmp_path: Path, text: str) -> None:
    metrics_path(tmp_path).write_text(text)
    with pytest.raises(UserError, match="expected the figures of a finished training run"):
        split_seed_of(tmp_path, "digits")


def test_another_data_set_is_told(tmp_path: Path) -> None:
    metrics_path(tmp_path).write_text(json.dumps({"dataset": "cifar10", "seed": 0}))
    with pytest.raises(UserError, match="expected a run on digits, found one on cifar10"):
        split_seed_of(tmp_path, "digits")
