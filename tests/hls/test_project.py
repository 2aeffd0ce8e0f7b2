"""What a generated project holds, and when it is written anew."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.files import sha256
from twofold.hls.budget import ZYNQ_7020
from twofold.hls.manifest import HlsProject
from twofold.hls.options import HlsOptions
from twofold.hls.project import generate
from twofold.network.digest import digest
from twofold.network.graph import Network


def test_the_project_is_complete(project: HlsProject) -> None:
    for path in (
        "build_prj.tcl", "project.tcl", "README.md", f"{project.top}_test.cpp", f"firmware/{project.top}.cpp",
        "tb_data/tb_input_features.dat", "firmware/nnet_utils/nnet_twofold_threshold.h",
    ):  # fmt: skip
        assert project.files[path] == sha256(project.folder / path)
    assert 'set part "xc7z020clg400-1"' in (project.folder / "project.tcl").read_text()
    assert "set clock_period 10" in (project.folder / "project.tcl").read_text()
    assert "#pragma HLS DATAFLOW" in (project.folder / f"firmware/{project.top}.cpp").read_text()
    assert project.changed_files() == []


def test_types_and_layers_of_tensors_are_in_the_manifest(project: HlsProject) -> None:
    loaded = HlsProject.load(project.folder)
    assert loaded == project
    assert str(loaded.input.type) == "ap_uint<8>"
    assert loaded.output.name == "logits"
    assert [tensor.name for tensor in loaded.tensors][:3] == ["twice", "stem_sum", "stem_act"]


def test_the_same_project_is_kept_and_another_one_replaces_it(
    every_op_network: Network, every_geometry_network: Network, tmp_path: Path
) -> None:
    first = generate(every_op_network, tmp_path / "p")
    kept = tmp_path / "p/kept"
    kept.write_text("")
    assert generate(every_op_network, tmp_path / "p") == first
    assert kept.exists()
    assert (
        generate(every_op_network, tmp_path / "p", HlsOptions(budget=replace(ZYNQ_7020, dsp=60))).digest
        != first.digest
    )
    assert not kept.exists()
    other = generate(every_geometry_network, tmp_path / "p")
    assert other.digest != first.digest
    assert (other.network_digest, first.network_digest) == tuple(
        map(digest, (every_geometry_network, every_op_network))
    )
    assert f"The network is {other.network_digest}" in (other.folder / "README.md").read_text()
    assert other.options["twofold_version"] == version("twofold")
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_damaged_project_is_written_anew(every_geometry_network: Network, tmp_path: Path) -> None:
    project = generate(every_geometry_network, tmp_path / "p")
    (project.folder / "project.tcl").write_text("")
    assert project.changed_files() == ["project.tcl"]
    assert generate(every_geometry_network, tmp_path / "p").changed_files() == []


def test_two_runs_write_the_same_files_and_print_nothing(
    every_op_network: Network, project: HlsProject, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    again = generate(every_op_network, tmp_path / "p")
    assert again.files == project.files
    assert capfd.readouterr() == ("", "")
    assert not any(str(tmp_path) in path.read_text() for path in again.folder.glob("*") if path.is_file())


def test_a_folder_of_something_else_is_refused(every_op_network: Network, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(UserError, match="expected an empty folder or an HLS project"):
        generate(every_op_network, tmp_path)
    with pytest.raises(UserError, match=r"expected an HLS project of twofold"):
        HlsProject.load(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_bad_options_are_refused() -> None:
    with pytest.raises(UserError, match="clock period: expected more than 0 ns, got -1"):
        HlsOptions(clock_ns=-1)
