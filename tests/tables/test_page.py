"""The results page says what the results file says."""

from __future__ import annotations

from pathlib import Path

from twofold.tables.page import PAGE, results_page
from twofold.tables.results import RESULTS, Result, read

ROOT = Path(__file__).parents[2]
ROW = Result(
    "resnet20", "ppq", "cifar10", "twofold train ppq", 0, 300, 412.0, 10000,
    {"accuracy": 90.625, "float": 92.0, "pruned": 91.5, "quantised": 90.625, "size_ratio": 15.776},
    "0123abc",
)  # fmt: skip


def test_the_page_is_that_of_the_results_file() -> None:
    written = (ROOT / PAGE).read_text()
    assert written == results_page(read(ROOT / RESULTS)), "run: .venv/bin/python -m twofold.tables.page"


def test_a_row_shows_figures_and_what_repeats_them() -> None:
    assert results_page([ROW]).splitlines()[-1] == (
        "| ResNet-20 | `ppq` | cifar10 | 10,000 | 0 | 300 | 412 | **90.62** "
        "| float 92.00, pruned 91.50, quantised 90.62 | 15.78 | – | 0123abc | `twofold train ppq` |"
    )


def test_no_rows_are_told() -> None:
    assert results_page([]).endswith("\nNo network has been trained yet.\n")
