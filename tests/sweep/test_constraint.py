from __future__ import annotations

from pathlib import Path

import pytest

from twofold.boards.choose import Prediction
from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.qonnx.importer.load import import_model
from twofold.sweep.constraint import BoardBudget

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"


@pytest.fixture(scope="module")
def network() -> Network:
    return import_model(MODEL)


@pytest.fixture(scope="module")
def best(network: Network) -> Prediction:
    found = BoardBudget("pynq-z2").best(network)
    assert found is not None
    return found


def test_the_fastest_engine_that_fits_is_meant(best: Prediction) -> None:
    assert best.board.name == "pynq-z2"
    assert best.frames_per_second > 50_000


def test_the_share_of_frames_that_is_missing_is_the_violation(best: Prediction) -> None:
    rate = best.frames_per_second
    assert BoardBudget("pynq-z2", rate).violation(best) == 0
    assert BoardBudget("pynq-z2", rate / 2).violation(best) < 0
    assert BoardBudget("pynq-z2", 2 * rate).violation(best) == pytest.approx(0.5)


def test_without_a_target_it_is_enough_to_fit(best: Prediction) -> None:
    assert BoardBudget("pynq-z2").violation(best) == 0
    assert BoardBudget("pynq-z2").violation(None) == 1


@pytest.mark.parametrize("target", [0, -1, float("nan")])
def test_a_target_of_no_frames_is_refused(target: float) -> None:
    with pytest.raises(UserError, match=f"frames_per_second: expected more than 0, got {target}"):
        BoardBudget("pynq-z2", target)
