"""The bench of methods: rows, counts, and that a proof which does not hold ends it with an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.bench import methods
from twofold.golden.compare import Check, Status
from twofold.methods.named import Method, method_named
from twofold.methods.prove import Proof


def proof(method: Method, status: Status, *, noticed: bool = True, detail: str = "") -> Proof:
    wrong, elements = int(status is Status.FAIL), 0 if status is Status.NOT_RUN else 9
    check = Check(method.name, "golden", "rtl", status, 1, elements, wrong, (), detail)
    return Proof(method, check, noticed)


@pytest.mark.parametrize(
    "made, holds",
    [
        (proof(Method("a", "a"), Status.PASS), True),
        (proof(Method("a", "a"), Status.PASS, noticed=False), False),
        (proof(Method("a", "a"), Status.FAIL), False),
        (proof(Method("a", "a"), Status.NOT_RUN, detail="too wide"), False),
        (proof(Method("a", "a", {"rtl": "too wide"}), Status.NOT_RUN, detail="codes: too wide"), True),
        (proof(Method("a", "a", {"rtl": "too wide"}), Status.NOT_RUN, detail="no compiler"), False),
        (proof(Method("a", "a", {"rtl": "too wide"}), Status.PASS), False),
    ],
)
def test_only_equal_integers_and_known_refusals_hold(made: Proof, holds: bool) -> None:
    assert made.holds is holds


def test_a_wrong_road_ends_the_bench_with_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(methods, "WORK", tmp_path)
    monkeypatch.setattr(methods, "prove_hls", lambda method, _: proof(method, Status.FAIL, detail="x"))
    arguments = ["--methods", "ptq_static", "--roads", "qonnx", "hls", "--widths", "4", "6"]
    with pytest.raises(SystemExit, match="1"):
        methods.main([*arguments, "--out", str(tmp_path / "rows.json")])
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [(row["road"], row["status"], row["holds"]) for row in rows] == [
        ("qonnx", "pass", True),
        ("rtl", "fail", False),
    ]
    assert "qonnx: 1 networks, 0 of 74,944 integers differ; refused: none" in capsys.readouterr().out


def test_an_unknown_method_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        methods.main(["--methods", "none"])
    assert "method: expected one of" in capsys.readouterr().err
    assert method_named("apot_a6").refused and not method_named("ptq_zero_points").refused
