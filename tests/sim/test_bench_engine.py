"""The bench's rows: measured once, kept, and able to fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from twofold.rtl.geometry import Geometry
from twofold.sim import bench_engine, engine_row
from twofold.sim.bench_engine import describe, holds, main
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.bulk.run import run_bulk
from twofold.sim.engine_row import Conditions
from twofold.sim.engine_subject import EngineChoice, Precision, Subject

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"
LABEL = "model as exported 1x8"


@pytest.fixture
def arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library_once: Callable[[Geometry], EngineLibrary]
) -> list[str]:
    """The demo's network on the engine of the tests of lut_da."""
    for module in (engine_row, bench_engine):
        monkeypatch.setattr(module, "library_of", library_once)
    words = ["--network", str(MODEL), "--tiles", "1", "--lanes", "8", "--stalls", "0.3"]
    return [*words, "--out", str(tmp_path / "engine.json")]


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    return int(ended.value.code or 0), json.loads(capsys.readouterr().out)


def test_a_row_is_measured_once(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, (row,) = run(arguments, capsys)
    assert code == 0
    assert (row["label"], row["check"], row["mismatches"], row["frames"]) == (LABEL, "pass", 0, 3)
    assert row["cycles_per_frame"]["predicted"] == row["cycles_per_frame"]["simulated"] > 5000
    assert row["utilisation"] + sum(row["waste"].values()) == pytest.approx(1)
    assert 0 < row["utilisation"] < 1
    assert {layer["pe"] for layer in row["layers"]} == {"lut_da", "int8_dsp", "lanes"}
    assert row["output"] == {"elements": 60, "mismatches": 0}
    assert (row["resources"], row["fits"]) == (None, None)
    assert f"{LABEL}: pass, 0 of" in describe(row)
    monkeypatch.setattr(bench_engine, "check_layers", None)
    assert run(arguments, capsys) == (0, [row])
    with pytest.raises(TypeError):
        main([*arguments, "--seed", "5"])


@pytest.mark.parametrize(
    "source",
    [
        "hardware/twofold/rtl/tile.py",
        "hardware/twofold/plan/program.py",
        "sim/twofold/sim/memory_layout.py",
        "sim/twofold/sim/bulk/engine.cpp",
        "software/twofold/golden/kernels.py",
        "software/twofold/network/rounding.py",
    ],
)
def test_a_row_does_not_outlive_what_it_was_measured_with(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key() -> str:
        return bench_engine._key(subject, network, Conditions(frames=1, stalls=0.0, seed=0))

    monkeypatch.setattr(bench_engine, "_SOURCES", tmp_path)
    subject = Subject(str(MODEL), Precision.OWN, EngineChoice(1, 8))
    network, path = subject.load(), tmp_path / source
    path.parent.mkdir(parents=True)
    path.write_text("one")
    first = key()
    assert key() == first
    path.write_text("another")
    assert key() != first


def test_a_wrong_integer_fails_the_bench(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(library: EngineLibrary, program: Any, *rest: Any, **options: Any) -> Any:
        image = bytes([program.image[0] ^ 1]) + program.image[1:]
        return run_bulk(library, replace(program, image=image), *rest, **options)

    monkeypatch.setattr(engine_row, "run_bulk", broken)
    code, (row,) = run(arguments, capsys)
    assert (code, row["check"]) == (1, "fail")
    assert 0 < row["mismatches"] < row["elements"]
    assert row["output"]["mismatches"] > 0


def test_images_of_a_data_set_are_compared(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, (row,) = run([*arguments, "--images", "60", "--data", "digits"], capsys)
    images = row["images"]
    assert (code, images["frames"], images["elements"], images["mismatches"]) == (0, 60, 600, 0)
    assert images["accuracy"] > 90


def test_rows_that_do_not_hold() -> None:
    cycles = {"predicted": 1000, "simulated": 1000}
    row = {"check": "pass", "output": {"mismatches": 0}, "cycles_per_frame": cycles}
    assert holds(row)
    assert not holds(row | {"output": {"mismatches": 1}})
    assert not holds(row | {"check": "fail"})
    assert not holds(row | {"cycles_per_frame": {"predicted": 1000, "simulated": 1021}})
    assert not holds(row | {"images": {"mismatches": 1}})
    for luts, carries, held in ((5, 1, True), (6, 0, False), (4, 2, False)):
        assert holds(row | {"resources": {"depth": {"lut": luts, "carry": carries}}}) is held


def test_a_missing_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--network", "missing.onnx"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "network: expected a name or a QONNX file, found no file missing.onnx\n"
    )


def test_a_file_has_its_own_widths(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--network", str(MODEL), "--widths", "12", "23", "45"])
    assert ended.value.code == 2
    assert "expected a ResNet by name, got" in capsys.readouterr().err
