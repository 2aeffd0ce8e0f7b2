from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

CONTENT = b"a model"
HASH = sha256(CONTENT).hexdigest()


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(CONTENT)
    (folder / "metrics.json").write_text(json.dumps({"onnx_sha256": HASH}))
    return folder


def test_the_model_is_written_and_named_with_its_hash(run, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "mine.onnx"
    result = run("export", str(trained), "--out", str(out), "--json")
    assert json.loads(result.stdout) == {"model": str(out), "sha256": HASH}
    assert out.read_bytes() == CONTENT
    assert run("export", str(trained), "--out", str(out)).stdout == f"wrote {out}\n"


def refusal(run, trained: Path, out: Path) -> str:
    result = run("export", str(trained), "--out", str(out))
    assert (result.exit_code, result.stdout) == (2, "")
    assert not out.exists()
    return result.stderr


def test_a_folder_without_a_finished_training_is_refused(run, trained: Path, tmp_path: Path) -> None:
    (trained / "metrics.json").unlink()
    line = refusal(run, trained, tmp_path / "out.onnx")
    assert line == (
        f"error: {trained}: expected a folder that twofold train has finished, found no metrics.json in it\n"
    )


def test_a_run_that_stays_in_float_is_refused(run, trained: Path, tmp_path: Path) -> None:
    (trained / "metrics.json").write_text(json.dumps({"recipe": "cifar10_float"}))
    (trained / "model.onnx").unlink()
    line = refusal(run, trained, tmp_path / "out.onnx")
    assert "expected a run that ends in integers, cifar10_float leaves layers in float" in line


def test_a_model_of_another_training_is_refused(run, trained: Path, tmp_path: Path) -> None:
    (trained / "model.onnx").write_bytes(b"another model")
    assert "not the file that training wrote" in refusal(run, trained, tmp_path / "out.onnx")


@pytest.mark.parametrize("place", ["trained/model.onnx/x.onnx", "/proc/nope/x.onnx"])
def test_a_place_that_cannot_be_written_is_one_line(run, trained: Path, tmp_path: Path, place: str) -> None:
    out = tmp_path / place
    result = run("export", str(trained), "--out", str(out), "--json")
    line = json.loads(result.stdout)["error"]
    assert line.startswith(f"{out.parent}: expected a folder to write to, or a place for one, found")
    assert (result.exit_code, result.stderr) == (2, f"error: {line}\n")
