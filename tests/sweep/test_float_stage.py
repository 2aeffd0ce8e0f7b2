from __future__ import annotations

import threading
import time
from pathlib import Path

from twofold.sweep.float_stage import alone, float_stage
from twofold.sweep.point import Point

SHORT = {"train": {"float": {"epochs": 2}}}


def test_recipes_of_one_float_stage_share_it() -> None:
    one = float_stage(Point("apot", {"pruning": {"ratio": 0.5}, **SHORT}), taught=False)
    other = float_stage(Point("int8", SHORT), taught=False)
    assert one is not None and other is not None
    assert one.key == other.key
    assert one.recipe.options == Point("int8", SHORT).recipe.options
    assert one.recipe.quantisation is None


def test_recipes_of_different_float_stages_do_not() -> None:
    keys = {stage.key for recipe in ("apot", "ppq") if (stage := float_stage(Point(recipe, {}), False))}
    assert len(keys) == 2


def test_a_teacher_teaches_the_float_stage_too() -> None:
    taught = float_stage(Point("ppq", {}), taught=True)
    assert taught is not None and taught.recipe.distillation is not None


def test_what_starts_from_scratch_has_none() -> None:
    assert float_stage(Point("int8", {"from_scratch": True}), taught=False) is None


def test_one_trains_it_while_the_others_wait(tmp_path: Path) -> None:
    order: list[str] = []

    def other() -> None:
        with alone(tmp_path / "float"):
            order.append("other")

    thread = threading.Thread(target=other)
    with alone(tmp_path / "float"):
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
