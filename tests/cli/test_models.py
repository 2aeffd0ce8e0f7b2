from __future__ import annotations

import json
from collections.abc import Callable

from typer.testing import Result

from twofold.models.shipped import shipped_models


def test_each_model_has_its_figures(run: Callable[..., Result]) -> None:
    rows = json.loads(run("models", "--json").stdout)
    assert [row["name"] for row in rows] == [model.name for model in shipped_models()]
    assert all(0 < row["accuracy"] < 100 and row["macs"] > 0 for row in rows)
    assert all(row["name"] in run("models").stdout for row in rows)


def test_verbs_take_a_model_s_name(run: Callable[..., Result]) -> None:
    model = shipped_models()[0]
    shown = json.loads(run("show", model.name, "--json").stdout)
    assert shown["macs"] == model.metrics()["macs"]
