"""Rows of small arrays, and what the bench writes and prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.rtl.mac.interface import PeKind
from twofold.rtl.primitives.family import Family
from twofold.synth import bench_area
from twofold.synth.area_row import AreaRow
from twofold.synth.bench_area import is_placed
from twofold.synth.bench_subjects import Subject, subjects
from twofold.synth.depth import LogicPath
from twofold.synth.place import Placed

KEPT = "build/synth"
COUNTS = ["kind", "family", "tin", "tout", "lut", "lutram", "carry", "ff", "dsp"]
COLUMNS = [*COUNTS, "lut_per_mac", "mac_per_dsp", "depth_lut", "depth_carry", "ecp5_mhz"]
ENTRY = [*COLUMNS, "design"]
INT4 = "int4_dsp, INT4"


def bench(*arguments: str, size: int = 4) -> None:
    bench_area.main(["--tin", str(size), "--tout", str(size), "--cache", KEPT, *arguments])


def test_rows_are_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "area.json"
    bench("--kind", INT4, "--out", str(out))
    seven, plus = json.loads(out.read_text())
    assert list(seven) == list(plus) == ENTRY
    assert (seven["family"], plus["family"]) == ("xc7", "xcup")
    assert (seven["dsp"], seven["mac_per_dsp"], plus["dsp"], plus["mac_per_dsp"]) == (4, 4.0, 4, 4.0)
    assert seven["depth_carry"] <= 1 and seven["ecp5_mhz"] is None
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == COLUMNS and len(lines) == 2


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every array measures the same, without tools."""
    row, path = AreaRow("one", "xc7", 16, 16, 4, 0, 0, 0, 0), LogicPath(5, 1, ("FDRE a", "FDRE b"))
    monkeypatch.setattr(bench_area, "measure", lambda *_: (row, path))
    monkeypatch.setattr(bench_area, "place", lambda *_, **__: Placed(123.4, "slow"))


@pytest.mark.usefixtures("measured")
def test_a_path_over_the_limit_and_a_clock_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "area.json"
    bench("--kind", INT4, "--place", "--out", str(out))
    lines = capsys.readouterr().out.splitlines()
    assert "one, xc7: more than 4 LUT + 1 carry, 5 LUT + 1 carry: FDRE a → FDRE b" in lines
    assert lines.count("one: 123.4 MHz on ECP5, slow") == 1
    assert [row["ecp5_mhz"] for row in json.loads(out.read_text())] == [123.4, None]


@pytest.mark.usefixtures("measured")
def test_rows_of_other_designs_of_the_size_follow(tmp_path: Path) -> None:
    out = tmp_path / "area.json"
    bench("--kind", INT4, "--out", str(out), size=16)
    assert [row["kind"] for row in json.loads(out.read_text())][2] == "FINN matrix-vector unit, 4 bit"


def test_unknown_labels_end_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench("--kind", "int9_dsp")
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("expected labels among lut_da, INT4; ")


def test_every_kind_is_measured_and_the_dsp_kinds_twice() -> None:
    every = subjects(16, 16)
    names = {subject.kind.name for subject in every}
    assert names == {"apot_shift", "int4_dsp", "int8_dsp", "int_mul", "lut_da"}
    assert {subject.kind.name for subject in every if subject.flow == "xcup"} == {"int4_dsp", "int8_dsp"}
    assert len({(subject.label, subject.flow) for subject in every}) == len(every)
    assert {subject.kind.name for subject in every if is_placed(subject)} == names


@pytest.mark.parametrize("subject", subjects(8, 4), ids=lambda subject: f"{subject.label} {subject.flow}")
def test_portable_forms_are_of_the_same_size(subject: Subject) -> None:
    portable: PeKind = subject.portable
    assert getattr(portable, "family", Family.PORTABLE) is Family.PORTABLE
    tout = 3 if subject.label == "int4_dsp, APoT4" else 4
    assert (portable.tin, portable.tout, portable.name) == (8, tout, subject.kind.name)
