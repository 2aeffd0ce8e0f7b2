from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.sweep.evaluate import Evaluate
from twofold.sweep.export import export_best, write_report
from twofold.sweep.outcome import outcome
from twofold.sweep.session import Session
from twofold.sweep.worker import work


def test_what_came_of_it_is_written_as_json_and_as_a_plot(
    session: Session, evaluate: Evaluate, tmp_path: Path
) -> None:
    work(session, evaluate)
    found = outcome(session)
    plot = write_report(found, tmp_path)
    assert plot.read_bytes().startswith(b"<?xml")
    document = json.loads((tmp_path / "sweep.json").read_text())
    assert len(document["trials"]) == 12
    assert document["best"] == found.best.slot


def test_the_best_is_copied_with_its_recipe(session: Session, evaluate: Evaluate, tmp_path: Path) -> None:
    work(session, evaluate)
    best = outcome(session).best
    run = tmp_path / "runs" / best.folder
    run.mkdir(parents=True)
    (run / "model.onnx").write_bytes(b"model")
    (run / f"{run.name}.toml").write_text("recipe")
    model, recipe = export_best(replace(best, folder=run), tmp_path)
    assert (model.read_bytes(), recipe.read_text()) == (b"model", "recipe")
    assert model.parent == recipe.parent == tmp_path / "best"


def test_a_run_on_another_machine_is_told(session: Session, evaluate: Evaluate, tmp_path: Path) -> None:
    work(session, evaluate)
    best = replace(outcome(session).best, folder=tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"model.onnx: expected the best trial's model, found none; run the"):
        export_best(best, tmp_path)
