from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from twofold.errors import UserError
from twofold.report import html

VOID = {"meta", "link", "br", "img"}


class Balance(HTMLParser):
    """Every element that opens closes, and no id is there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attributes if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(report: dict[str, Any], folder: Path) -> str:
    html.write(report, folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_needs_nothing_else(report: dict[str, Any], tmp_path: Path) -> None:
    text = page(report, tmp_path)
    balance = Balance()
    balance.feed(text)
    assert not balance.open
    assert len(balance.ids) == len(set(balance.ids))
    assert not re.search(r"https?:|//|<script|<link|@import|\bsrc=", text)
    assert not re.search(r"\bNone\b|\bnan\b", text)


def test_every_check_is_shown_with_its_state(report: dict[str, Any], tmp_path: Path) -> None:
    text = page(report, tmp_path)
    for state in ("✓ pass", "✗ fail", "○ not run"):
        assert f">{state}</span>" in text
    assert "1 of 3 checks fail" in text
    assert "conv1[0, 1]: expected 4, found &lt;5&gt;" in text


def test_every_figure_and_plot_is_there(report: dict[str, Any], tmp_path: Path) -> None:
    text = page(report, tmp_path)
    for figure in ("97.2%", "98.3%", "15.8×", "112.4×", "2,000", "-1.00%", "50,000", "150.0%", "14.5"):
        assert figure in text
    for plot in (
        "Accuracy against model size",
        "Resources as shares of the device",
        "Cycles of each layer of apot",
        "Cycles of each layer of int8",
        "Weight levels of each layer of apot",
    ):
        assert f'aria-label="{plot}"' in text
    assert "does not fit: xc7z020" in text
    assert "No board: nothing here has run on an FPGA." in text


def test_colours_follow_the_page(report: dict[str, Any], tmp_path: Path) -> None:
    text = page(report, tmp_path)
    assert "fill: var(--first)" in text
    assert not re.search(r"#0[0-9]0[0-9]0[0-9]\b|#000000", text)


def test_a_report_of_what_is_hardly_known_still_renders(report: dict[str, Any], tmp_path: Path) -> None:
    for model in report["models"].values():
        model["accuracy"] = {"float": None, "quantised": float("nan")}
        model["cycles_per_frame"] = {"predicted": None, "simulated": None}
        model |= {"size_ratio": None, "bops_ratio": None, "layers": [], "weight_histogram": {}}
        for absent in ("resources", "device", "fits", "confusion"):
            del model[absent]
    report["checks"] = []
    text = page(report, tmp_path)
    assert "not synthesised" in text
    assert "No check was made." in text
    assert not re.search(r"\bNone\b|\bnan\b", text)


def test_the_same_report_gives_the_same_page(report: dict[str, Any], tmp_path: Path) -> None:
    assert page(report, tmp_path / "a") == page(report, tmp_path / "b")


def test_nothing_is_written_if_the_report_is_refused(report: dict[str, Any], tmp_path: Path) -> None:
    del report["models"]["apot"]["macs"]
    with pytest.raises(UserError, match="expected the field 'macs'"):
        html.write(report, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
