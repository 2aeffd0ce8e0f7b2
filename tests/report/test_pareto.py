from __future__ import annotations

from xml.etree import ElementTree

import pytest

from twofold.report.pareto import Mark, Spot, pareto

SPOTS = (
    Spot("int8", (98.0, 4.0, 900.0), Mark.DOMINATED),
    Spot("", (99.0, 8.0, 800.0), Mark.FRONT),
    Spot("", (99.5, 2.0, 700.0), Mark.INFEASIBLE),
)
LABELS = ("top-1, %", "times smaller", "cycles")


@pytest.mark.parametrize("objectives, panels", [(1, 1), (2, 1), (3, 2)])
def test_there_is_a_panel_for_each_objective_after_the_first(objectives: int, panels: int) -> None:
    root = ElementTree.fromstring(pareto(SPOTS, LABELS[:objectives]))
    assert len(root.findall(".//*[@id]")) > 0
    axes = [node for node in root.iter() if str(node.get("id", "")).startswith("axes_")]
    assert len(axes) == panels


def test_it_is_labelled_and_the_same_each_time() -> None:
    svg = pareto(SPOTS, LABELS).decode()
    assert all(word in svg for word in (*LABELS, *Mark, "int8"))
    assert svg == pareto(SPOTS, LABELS).decode()
