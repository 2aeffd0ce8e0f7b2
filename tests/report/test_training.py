"""Plots of training: files of their own that say what they show."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from twofold.report.svg import Ink
from twofold.report.training import confusion_matrix, curves, weight_levels

HISTORY = {
    "float": [{"loss": 2.0, "validation": 30.0}, {"loss": 1.0, "validation": 60.0}],
    "folded": [{"loss": 0.9, "validation": 62.0}],
}


def words(plot: bytes) -> list[str]:
    return [
        element.text or ""
        for element in ElementTree.fromstring(plot).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_curves_name_every_stage() -> None:
    plot = curves(HISTORY)
    assert words(plot).count("float") == words(plot).count("folded") == 2
    assert plot == curves(HISTORY), "the same content gives the same file"
    assert plot != curves({**HISTORY, "folded": [{"loss": 0.9, "validation": 99.0}]})


def test_a_run_that_has_just_begun_is_drawn() -> None:
    assert "float" in words(curves({"float": HISTORY["float"][:1]}))


def test_counts_and_accuracy_are_in_the_confusion_matrix() -> None:
    plot = words(confusion_matrix(np.array([[90, 10], [0, 100]]), "folded"))
    assert "folded: 95.0% of 200 validation images" in plot
    assert {"90", "10", "100"} <= set(plot)


def test_each_layer_has_its_levels() -> None:
    plot = weight_levels(
        {"conv1": {-10: 1, 0: 5, 10: 1}, "fc": {-127: 1, 127: 3}, "odd": {0: 1}}, "quantised"
    )
    assert {"conv1", "fc", "odd", "quantised: weights on the levels of their quantiser"} <= set(words(plot))


def test_no_marker_of_the_report_page_is_left() -> None:
    plot = curves(HISTORY).decode()
    assert not [ink for ink in Ink if ink.value in plot]
