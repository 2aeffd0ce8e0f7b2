"""What a host does, on disk and in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from twofold.network.host import UNKNOWN, FeatureReading, HostQuantiser, HostStep, HostWork, ImageReading

STEPS = (HostStep("times", (0.1, 2.0)), HostStep("at_most", (1.0,)))
READING = ImageReading(
    (4, 5, 2), (4, 5, 2), (2, 0, 1), (2, 4, 5), STEPS, HostQuantiser("quant", 0.25, 3, (0, 15), "FLOOR")
)
WORK = HostWork(
    ("Mul 'm'", "Clip 'c'", "Quant 'q'"),
    ("Softmax 's'",),
    READING,
    results=(HostStep("softmax", ()),),
    features=FeatureReading((0.1,) * 40, (2.5,) * 40),
)


@pytest.mark.parametrize("work", [WORK, UNKNOWN, replace(WORK, results=None)])
def test_what_is_written_as_json_is_read(work: HostWork) -> None:
    assert HostWork.from_json(json.loads(json.dumps(work.as_json()))) == work


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "step": lambda images: images["steps"][0].update(kind="minus"),
    "constant": lambda images: images["steps"][0].update(constant="x"),
    "quantiser": lambda images: images["quantiser"].update(kind="ternary"),
    "field": lambda images: images["quantiser"].update(colour="red"),
    "bounds": lambda images: images["quantiser"].update(bounds=0),
    "shape": lambda images: images.update(shape=[2, 4]),
    "missing": lambda images: images.pop("order"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_anything_else_is_refused(case: str) -> None:
    content = json.loads(json.dumps(WORK.as_json()))
    BROKEN[case](content["images"])
    with pytest.raises((KeyError, TypeError, ValueError)):
        HostWork.from_json(content)


@pytest.mark.parametrize("images", [WORK.as_json()["images"], None])
def test_other_steps_of_results_are_refused(images: Any) -> None:
    content = json.loads(json.dumps({**WORK.as_json(), "images": images}))
    content["results"][0]["kind"] = "tanh"
    with pytest.raises(ValueError, match="tanh"):
        HostWork.from_json(content)


def test_lines_name_both_ends_and_the_obstacle() -> None:
    assert WORK.lines == (
        "on the host before: Mul 'm', Clip 'c', Quant 'q'",
        "on the host after: Softmax 's'",
    )
    assert UNKNOWN.lines == (
        "the runtime quantises no images, as no model file says how they become codes; pass codes to run()",
    )
