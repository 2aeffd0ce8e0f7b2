"""What a sweep leaves in its folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from twofold.errors import UserError
from twofold.files import atomic_path, write_atomically
from twofold.report.pareto import Mark, Spot, pareto
from twofold.sweep.outcome import Outcome, Row
from twofold.train.result import onnx_path


def write_report(found: Outcome, out: Path) -> Path:
    """sweep.json and pareto.svg; returns the latter's path."""
    write_atomically(out / "sweep.json", json.dumps(found.as_json(), indent=2) + "\n")
    plot = out / "pareto.svg"
    labels = [objective.label for objective in found.objectives]
    write_atomically(plot, pareto([_spot(found, row) for row in found.rows], labels))
    return plot


def _spot(found: Outcome, row: Row) -> Spot:
    front = row in found.front
    mark = Mark.FRONT if front else Mark.DOMINATED if row.feasible else Mark.INFEASIBLE
    return Spot(row.recipe if row.by_hand else "", row.values, mark)


def export_best(best: Row, out: Path) -> tuple[Path, Path]:
    """The model and the recipe of a trial in OUT/best. Raises UserError if its run is not here."""
    model = onnx_path(best.folder)
    if not model.is_file():
        raise UserError(
            f"{model}: expected the best trial's model, found none; run the same command where it was "
            "trained, or sweep recipes that quantise"
        )
    recipe = best.folder / f"{best.folder.name}.toml"
    return _copied(model, out / "best" / model.name), _copied(recipe, out / "best" / recipe.name)


def _copied(source: Path, target: Path) -> Path:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
    return target
