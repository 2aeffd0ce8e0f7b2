"""What a generated project holds, and when it is written anew."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.files import sha256
from twofold.golden.samples import sample_frames
from twofold.hls import project as project_module
from twofold.hls.budget import ZYNQ_7020
from twofold.hls.manifest import HlsProject
from twofold.hls.options import HlsOptions
from twofold.hls.project import DEFAULT, generate
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
    kept.unlink()
    assert (
        generate(every_op_network, tmp_path / "p", HlsOptions(budget=replace(ZYNQ_7020, dsp=60))).digest
        != first.digest
    )
    other = generate(every_geometry_network, tmp_path / "p")
    assert other.digest != first.digest
    assert (other.network_digest, first.network_digest) == tuple(
        map(digest, (every_geometry_network, every_op_network))
    )
    assert f"The network is {other.network_digest}" in (other.folder / "README.md").read_text()
    assert other.options["twofold_version"] == version("twofold")
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_project_does_not_outlive_what_it_was_made_with(
    every_op_network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its golden vectors are those of the golden model as it is."""

    def found() -> str:
        return project_module._digest(every_op_network, sample_frames(every_op_network, 2, seed=0), DEFAULT)

    assert [path.name for path in project_module._PACKAGES] == ["hls", "golden", "network"]
    for place, package in enumerate(project_module._PACKAGES):
        copy = tmp_path / package.name
        (copy / "passes").mkdir(parents=True)
        packages = list(project_module._PACKAGES)
        packages[place] = copy
        monkeypatch.setattr(project_module, "_PACKAGES", packages)
        (copy / "passes" / "run.py").write_text("one")
        first = found()
        assert first == found()
        (copy / "passes" / "run.py").write_text("another")
        assert first != found()


def test_long_names_are_cut(every_geometry_network: Network, tmp_path: Path) -> None:
    """Files are named after the network and its ops, whose names in a model's file may be of any length."""
    ops = tuple(replace(op, name=op.name + "x" * 300) for op in every_geometry_network.ops)
    project = generate(replace(every_geometry_network, name="n" * 300, ops=ops), tmp_path / "project")
    assert project.top == "twofold_" + "n" * 100
    assert len({tensor.layer for tensor in project.tensors}) == len(project.tensors)


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


@pytest.mark.parametrize("manifest", ["{}", "[]", "thesis", '{"format": "twofold project 2", "files": {}}'])
def test_a_manifest_of_something_else_makes_no_project(
    every_geometry_network: Network, tmp_path: Path, manifest: str
) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"found other files, manifest\.json and 1 more; move them away"):
        generate(every_geometry_network, tmp_path)
    assert (tmp_path / "src/thesis.tex").read_text() == "years of work"


def test_results_of_synthesis_are_not_taken_away(copied: HlsProject, every_geometry_network: Network) -> None:
    report = copied.folder / "twofold_prj/solution1/syn/report/csynth.xml"
    report.parent.mkdir(parents=True)
    report.write_text("<cycles/>")
    for ours in ("csim_results.log", "found_conv.dat"):
        (copied.folder / "tb_data" / ours).write_text("")
    with pytest.raises(UserError, match=r"found other files, twofold_prj/solution1/syn/report/csynth.xml;"):
        generate(every_geometry_network, copied.folder)
    assert not copied.changed_files() and report.is_file()
    report.unlink()
    assert generate(every_geometry_network, copied.folder).digest != copied.digest
    assert not report.parent.exists()


def test_projects_of_other_versions_are_replaced(every_geometry_network: Network, tmp_path: Path) -> None:
    project = generate(every_geometry_network, tmp_path / "p")
    manifest = project.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("hls project 3", "hls project 2"))
    assert generate(every_geometry_network, project.folder).files == project.files


def test_a_file_in_the_folders_place_is_refused(every_geometry_network: Network, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    with pytest.raises(UserError, match=r"mine.py: expected a folder or nothing, found a file"):
        generate(every_geometry_network, tmp_path / "mine.py")


def test_bad_options_are_refused() -> None:
    with pytest.raises(UserError, match="clock period: expected more than 0 ns, got -1"):
        HlsOptions(clock_ns=-1)
