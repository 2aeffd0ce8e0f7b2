"""The page of measured areas: made from the rows beside it, which are what the pages of the kinds promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twofold.synth import measured
from twofold.synth.bench_area import is_placed
from twofold.synth.bench_subjects import SharedTables, subjects
from twofold.synth.depth import CARRIES_MAX, LUTS_MAX

FOLDER = Path(__file__).parents[2] / measured.FOLDER


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return json.loads((FOLDER / measured.AREA).read_text())


@pytest.fixture(scope="module")
def netlists() -> list[dict[str, Any]]:
    return json.loads((FOLDER / measured.NETLIST).read_text())


#: (kind, family) → column → its bound; what a kind is known for.
BOUNDS = {
    ("lut_da, INT4, of 8 with 2 generators", "xc7"): {"lut_per_mac": (0, 8.5)},
    ("lut_da, APoT4, of 8 with 2 generators", "xc7"): {"lut_per_mac": (0, 9.5)},
    ("lut_da, INT4", "xc7"): {"ecp5_mhz": (120, 1000)},
    ("lut_da, APoT4", "xc7"): {"ecp5_mhz": (120, 1000)},
    ("apot_shift", "xc7"): {"lut_per_mac": (0, 21), "ecp5_mhz": (120, 1000)},
    ("int8_dsp", "xc7"): {"mac_per_dsp": (2, 2), "lut_per_mac": (0, 3.5)},
    ("int8_dsp", "xcup"): {"mac_per_dsp": (2, 2)},
    ("int4_dsp, INT4", "xc7"): {"mac_per_dsp": (4, 4)},
    ("int4_dsp, APoT4", "xc7"): {"mac_per_dsp": (3, 3)},
}


def test_the_page_is_that_of_the_rows(rows: list[dict[str, Any]], netlists: list[dict[str, Any]]) -> None:
    assert (FOLDER / measured.PAGE).read_text() == measured.measured_page(rows, netlists)


def test_the_page_names_what_has_no_row(rows: list[dict[str, Any]]) -> None:
    first, *others = subjects(measured.SIZE, measured.SIZE)
    page = measured.measured_page([row for row in rows if row["kind"] == first.label], [])
    area, netlist = page.split("## Netlist")
    assert f"{first.label} ({first.flow})" not in area
    for subject in others:
        assert f"{subject.label} ({subject.flow})" in area
        assert (f"{subject.label} ({subject.flow})" in netlist) != isinstance(subject, SharedTables)


def test_every_kind_has_its_rows(rows: list[dict[str, Any]], netlists: list[dict[str, Any]]) -> None:
    every = subjects(measured.SIZE, measured.SIZE)
    ours = {(row["kind"], row["family"]) for row in rows if row["design"]}
    assert ours == {(subject.label, subject.flow) for subject in every}
    assert {(entry["kind"], entry["family"]) for entry in netlists} == {
        (subject.label, subject.flow) for subject in every if not isinstance(subject, SharedTables)
    }


def test_every_kind_was_placed(rows: list[dict[str, Any]]) -> None:
    placed = {row["kind"] for row in rows if row["ecp5_mhz"]}
    assert placed == {one.label for one in subjects(measured.SIZE, measured.SIZE) if is_placed(one)}


def test_the_rows_are_what_the_kinds_are_known_for(rows: list[dict[str, Any]]) -> None:
    found = {(row["kind"], row["family"]): row for row in rows}
    for kind, bounds in BOUNDS.items():
        for column, (low, high) in bounds.items():
            assert low <= found[kind][column] <= high, (kind, column)


def test_no_path_is_too_long(rows: list[dict[str, Any]]) -> None:
    ours = [row for row in rows if row["depth_lut"] is not None]
    assert all(row["depth_lut"] <= LUTS_MAX and row["depth_carry"] <= CARRIES_MAX for row in ours)


def test_no_product_is_wrong_and_every_wrong_bit_is_noticed(netlists: list[dict[str, Any]]) -> None:
    assert netlists and all(entry["rtl"]["wrong"] == entry["netlist"]["wrong"] == 0 for entry in netlists)
    assert all(entry["rtl"]["vectors"] >= 10**6 <= entry["netlist"]["vectors"] for entry in netlists)
    assert all(entry["wrong_bit"]["wrong"] for entry in netlists)


def test_benches_become_the_page(
    rows: list[dict[str, Any]],
    netlists: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, name, entries in (
        (measured.BENCHES, measured.AREA, rows[:1]),
        (measured.FOLDER, measured.NETLIST, netlists[:1]),
    ):
        folder.mkdir(parents=True)
        (folder / name).write_text(json.dumps(entries))
    measured.main()
    assert json.loads((measured.FOLDER / measured.AREA).read_text()) == rows[:1]
    assert (measured.FOLDER / measured.PAGE).read_text() == measured.measured_page(rows[:1], netlists[:1])
