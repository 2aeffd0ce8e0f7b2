"""The bench of netlists: what it says of a small array, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.sim import bench_netlist
from twofold.sim.bench_netlist import compare
from twofold.sim.pe_check import Verdict
from twofold.synth.bench_subjects import Subject, subjects

RIGHT, WRONG = Verdict(10, 0, 1.5), Verdict(10, 3, 0.5)


def test_all_three_are_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_netlist, "OPTIMISE", "-O0")
    (subject,) = (subject for subject in subjects(4, 2) if subject.label == "apot_shift")
    verdicts = compare(subject, vectors=3000, cache=Path("build/synth"))
    assert verdicts["rtl"].passed and verdicts["netlist"].passed and verdicts["wrong bit"].wrong


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
) -> None:
    named = dict(zip(("rtl", "netlist", "wrong bit"), verdicts, strict=True))
    seen: list[Subject] = []
    monkeypatch.setattr(bench_netlist, "compare", lambda subject, vectors: seen.append(subject) or named)
    with pytest.raises(SystemExit) as caught:
        bench_netlist.main(["--kind", "lut_da, INT4", "--tin", "4", "--tout", "2"])
    assert caught.value.code == code and [subject.label for subject in seen] == ["lut_da, INT4"]
    assert capsys.readouterr().out.startswith("lut_da, INT4, xc7: rtl 0 wrong of 10 in 1.5 s; netlist ")
