"""The float network that trials have in common: trained once, whichever of them needs it first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twofold.sweep.point import Point
from twofold.train.recipe_file import with_base
from twofold.train.stage import FLOAT


def float_stage(point: Point, taught: bool) -> Point | None:
    """The float stage of a point's recipe as a recipe of its own; None for one that starts from scratch.

    taught: by the float network of another run, as the recipe's distillation says.
    """
    if point.recipe.from_scratch:
        return None
    content = with_base(point.content)
    options = content.get("train", {}).get(FLOAT, {})
    settings = {"train": {FLOAT: options}} if options else {}
    if taught and "distillation" in content:
        settings["distillation"] = content["distillation"]
    return Point("float", settings)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process of this machine after the other; the lock of one that dies is open."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
