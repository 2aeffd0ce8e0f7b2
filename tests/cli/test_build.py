from __future__ import annotations

import json
from pathlib import Path

from twofold.hls_choices import HlsChoices


def test_what_was_written_is_listed(run, answer, tmp_path: Path) -> None:
    (tmp_path / "tcl").mkdir()
    (tmp_path / "tcl" / "build.tcl").write_text("")
    (tmp_path / "manifest.json").write_text('{"scripts": ["export_ip.tcl", "build.tcl"]}')
    calls = answer("build", None)
    result = run(
        "build", "m.onnx", "--board", "pynq-z2", "--backend", "hls", "--out", str(tmp_path), "--json"
    )
    assert json.loads(result.stdout) == {
        "folder": str(tmp_path),
        "board": "pynq-z2",
        "backend": "hls",
        "files": ["manifest.json", "tcl/build.tcl"],
        "predicted": None,
        "implemented": None,
    }
    assert calls[0][:4] == (Path("m.onnx"), "pynq-z2", "hls", tmp_path)
    result = run("build", "m.onnx", "--out", str(tmp_path), "--write-only")
    assert result.stdout.splitlines() == [
        f"wrote 2 files to {tmp_path}",
        "To build the bitstream, with the tools on PATH:",
        f"cd {tmp_path / 'vivado'}",
        "vitis-run --mode hls --tcl export_ip.tcl",
        "vivado -mode batch -nojournal -nolog -notrace -source build.tcl -tclargs 4",
    ]


def test_choices_of_hls_are_passed_on(run, answer, tmp_path: Path) -> None:
    calls = answer("build", None)
    words = "--backend hls --flow VivadoAccelerator --io io_parallel --strategy resource"
    assert run("build", "m.onnx", "--out", str(tmp_path), *words.split()).exit_code == 0
    assert calls[0][-1] == HlsChoices("VivadoAccelerator", "io_parallel", "resource")
    assert run("build", "m.onnx", "--out", str(tmp_path), "--flow", "Quartus").exit_code == 2
