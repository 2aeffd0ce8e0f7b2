"""Area rows of small arrays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.synth import bench_area
from twofold.synth.bench_area import AreaRow, kinds, measure

KEPT = Path("build/synth")


def test_tables_are_memories_in_luts_and_nothing_multiplies() -> None:
    whole, shared = measure(4, 4, ["lut_da, INT4"], KEPT)
    # 6 bits in a RAM32M of 4 LUTs: 4 planes of 4 · 6 bits, 4 · 4 bits of weights, and delays.
    tables, weights = 4 * 4 * 4, 3 * 4
    assert tables + weights <= whole.lutram <= tables + weights + 8
    assert tables < shared.lutram < whole.lutram and shared.lut < whole.lut and whole.dsp == 0
    assert (whole.kind, shared.kind) == ("lut_da, INT4", "lut_da, INT4, 1/8 generator")
    assert whole.lut / 16 < 9


def test_rows_are_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "area.json"
    bench_area.main(["--tin", "4", "--tout", "4", "--kind", "int8_dsp", "--out", str(out)])
    (row,) = json.loads(out.read_text())
    names = [
        "kind",
        "family",
        "tin",
        "tout",
        "lut",
        "lutram",
        "carry",
        "ff",
        "dsp",
        "lut_per_mac",
        "mac_per_dsp",
    ]
    assert list(row) == names
    assert (row["dsp"], row["mac_per_dsp"]) == (8, 2.0)
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == names
    assert line.split() == [str(value) for value in row.values()]


def test_luts_per_mac_count_memories() -> None:
    row = AreaRow("kind", "xc7", 2, 4, 10, 6, 0, 0, 0)
    assert (row.lut_per_mac, row.mac_per_dsp) == (2.0, None)


def test_every_kind_is_measured() -> None:
    assert {kind.name for kind in kinds(16, 16).values()} == {"apot_shift", "int8_dsp", "int_mul", "lut_da"}
