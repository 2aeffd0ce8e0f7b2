"""The bench of netlists: what it says of a small array, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.sim import bench_netlist
from twofold.sim.bench_netlist import compare, known
from twofold.sim.netlist_row import NetlistRow, read_rows
from twofold.sim.pe_check import Verdict
from twofold.synth.bench_subjects import SharedTables, Subject, subjects

RIGHT, WRONG = Verdict(10, 0, 1.5), Verdict(10, 3, 0.5)


def test_all_three_are_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_netlist, "OPTIMISE", "-O0")
    (subject,) = (subject for subject in subjects(4, 2) if subject.label == "apot_shift")
    row = compare(subject, vectors=3000, cache=Path("build/synth"))
    assert row.holds and row.rtl.vectors >= 3000 <= row.netlist.vectors
    assert (row.kind, row.family, row.tin, row.tout) == ("apot_shift", "xc7", 4, 2)
    assert known(subject, 3000, [row]) is row
    assert known(subject, 10**6, [row]) is None, "too few vectors"
    assert known(subject, 3000, [replace(row, design="another")]) is None


@pytest.mark.parametrize(
    "verdicts, code",
    [((RIGHT, RIGHT, WRONG), 0), ((RIGHT, WRONG, WRONG), 1), ((RIGHT, RIGHT, RIGHT), 1)],
    ids=["right", "wrong netlist", "blind bench"],
)
def test_the_exit_code_is_that_of_the_verdicts(
    verdicts: tuple[Verdict, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    row = NetlistRow("lut_da, INT4", "xc7", 4, 2, "design", 1, *verdicts)
    seen: list[Subject] = []
    monkeypatch.setattr(bench_netlist, "compare", lambda subject, vectors: seen.append(subject) or row)
    out = tmp_path / "netlist.json"
    with pytest.raises(SystemExit) as caught:
        bench_netlist.main(["--kind", "lut_da, INT4", "--tin", "4", "--tout", "2", "--out", str(out)])
    assert caught.value.code == code and [subject.label for subject in seen] == ["lut_da, INT4"]
    assert read_rows(out) == [row]
    assert capsys.readouterr().out.startswith("lut_da, INT4, xc7: rtl 0 wrong of 10 in 1.5 s; netlist ")


def test_what_is_not_simulated_is_no_pass(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    label = next(subject.label for subject in subjects(16, 16) if isinstance(subject, SharedTables))
    with pytest.raises(SystemExit) as caught:
        bench_netlist.main(["--kind", label, "--out", str(tmp_path / "netlist.json")])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"kind: expected an array of one tile, got {label}\n"
