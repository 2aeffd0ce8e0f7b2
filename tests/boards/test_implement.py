"""Vivado is run script by script where it is installed; here a stand-in takes its place on PATH."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from twofold.boards.implement import commands, implement, missing_tools
from twofold.boards.vivado_reports import Implemented, read_reports
from twofold.errors import UserError
from twofold.progress import Advance

UTILIZATION = """
+----------------------------+-------+-------+------------+-----------+-------+
|          Site Type         |  Used | Fixed | Prohibited | Available | Util% |
+----------------------------+-------+-------+------------+-----------+-------+
| Slice LUTs                 | 26291 |     0 |          0 |     53200 | 49.42 |
|   LUT as Logic             | 25000 |     0 |          0 |     53200 | 46.99 |
|   LUT as Memory            |  1291 |     0 |          0 |     17400 |  7.42 |
| Slice Registers            | 25859 |     0 |          0 |    106400 | 24.30 |
| Block RAM Tile             |  92.5 |     0 |          0 |       140 | 66.07 |
| DSPs                       |   112 |     0 |          0 |       220 | 50.91 |
"""
TIMING = """
    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints
    -------      -------  ---------------------  -------------------
      0.125        0.000                      0                    8
"""
STAND_IN = """#!/bin/sh
echo "starting $*"
case "$*" in
  *build.tcl*) mkdir -p reports
    echo "TWOFOLD STAGE synth_1"; echo "TWOFOLD STAGE impl_1"
    cp {folder}/utilization.rpt {folder}/timing.rpt reports ;;
  *{failing}*) echo "ERROR: no licence"; exit 3 ;;
esac
"""


class Tasks:
    """Progress that keeps the names of its tasks, in order."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        self.names.append(name)
        yield lambda steps=1, note="": None


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, failing: str = "nothing.tcl") -> None:
    folder.mkdir()
    (folder / "utilization.rpt").write_text(UTILIZATION)
    (folder / "timing.rpt").write_text(TIMING)
    (folder / "vivado").write_text(STAND_IN.format(folder=folder, failing=failing))
    (folder / "vivado").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_every_script_is_run_and_the_reports_are_read(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "bin", monkeypatch)
    tasks = Tasks()
    assert missing_tools(project) == ()
    assert implement(project, 2, tasks) == Implemented(26291, 1291, 25859, 112, 92.5, 0.125)
    assert tasks.names == [
        *("vivado: package_ip.tcl", "vivado: create_project.tcl", "vivado: build.tcl"),
        *("synth_1", "impl_1"),
    ]
    assert "-source build.tcl -tclargs 2" in (project / "vivado" / "logs" / "build.log").read_text()


def test_a_tool_that_fails_is_quoted(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", monkeypatch, failing="create_project.tcl")
    with pytest.raises(UserError, match=r"(?s)create_project.tcl: vivado ended with 3; .*ERROR: no licence"):
        implement(project, 2)


def test_an_older_vitis_hls_exports_the_kernel(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Releases before 2023.1 have no vitis-run."""
    manifest = json.loads((project / "manifest.json").read_text())
    (project / "manifest.json").write_text(
        json.dumps({**manifest, "scripts": ["export_ip.tcl", "build.tcl"]})
    )
    assert commands(project, 4)[1] == "vitis-run --mode hls --tcl export_ip.tcl"
    install(tmp_path / "bin", monkeypatch)
    assert missing_tools(project) == ("vitis-run",)
    (tmp_path / "bin" / "vitis_hls").symlink_to(tmp_path / "bin" / "vivado")
    assert missing_tools(project) == ()
    assert commands(project, 4)[1] == "vitis_hls -f export_ip.tcl"
    implement(project, 2)
    assert (project / "vivado" / "logs" / "export_ip.log").read_text() == "starting -f export_ip.tcl\n"


def test_without_vivado_the_commands_are_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert missing_tools(project) == ("vivado",)
    first, *scripts = commands(project, 4)
    assert first == f"cd {project / 'vivado'}"
    assert [line.split()[line.split().index("-source") + 1] for line in scripts] == [
        *("package_ip.tcl", "create_project.tcl", "build.tcl")
    ]


def test_reports_of_ultrascale_are_read(tmp_path: Path) -> None:
    (tmp_path / "utilization.rpt").write_text(UTILIZATION.replace("Slice", "CLB"))
    (tmp_path / "timing.rpt").write_text(TIMING.replace("0.125", "-1.5"))
    assert read_reports(tmp_path) == Implemented(26291, 1291, 25859, 112, 92.5, -1.5)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("utilization.rpt", "nothing", "expected a row Slice LUTs, found none"),
        ("timing.rpt", "nothing", "expected a worst slack below WNS"),
        ("timing.rpt", None, "expected Vivado's report .*timing.rpt, found No such file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    (tmp_path / "utilization.rpt").write_text(UTILIZATION)
    (tmp_path / "timing.rpt").write_text(TIMING)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        read_reports(tmp_path)
