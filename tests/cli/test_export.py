from __future__ import annotations

import json
from pathlib import Path


def test_the_file_is_named_with_its_hash(run, answer, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    out.write_bytes(b"")
    calls = answer("export", out)
    document = json.loads(run("export", "build/train/apot", "--out", str(out), "--json").stdout)
    assert calls[0] == (Path("build/train/apot"), out)
    assert document == {
        "model": str(out),
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
    assert str(out) in run("export", "build/train/apot", "--out", str(out)).stdout
