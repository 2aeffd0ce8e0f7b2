from __future__ import annotations

import stat
from importlib.metadata import metadata
from pathlib import Path

import pytest

from twofold.doctor import PARTS, Diagnosis, Part, either, examine, package, program


def part(name: str, version: str | None, needed: bool = True) -> Part:
    return Part(name, needed, f"{name}'s work", f"install {name}", lambda: version)


def test_only_a_missing_needed_part_makes_the_machine_incomplete() -> None:
    diagnosis = examine([part("g++", "12.2"), part("vivado", None, needed=False)])
    assert diagnosis.complete
    diagnosis = examine([part("g++", None), part("vivado", None, needed=False)])
    assert [finding.name for finding in diagnosis.missing] == ["g++"]


def test_the_diagnosis_as_json() -> None:
    assert examine([part("g++", None)]).as_json() == {
        "complete": False,
        "parts": [
            {
                "name": "g++",
                "needed": True,
                "version": None,
                "disables": "g++'s work",
                "remedy": "install g++",
            }
        ],
    }


def tool(folder: Path, script: str) -> None:
    path = folder / "tool"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo tool version 3.14.15", "3.14.15"),
        ("echo 'Tool v2024.1 (64-bit)' >&2", "2024.1"),
        ("echo hello", "unknown"),
        ("exit 1", "unknown"),
    ],
)
def test_a_program_tells_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, version: str
) -> None:
    tool(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("tool", "--version")() == version


def test_a_program_that_cannot_start_has_no_known_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, "")
    (tmp_path / "tool").write_bytes(b"\0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("tool")() == "unknown"


def test_a_program_that_lacks_a_library_is_missing_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(
        tmp_path, "echo tool: error while loading shared libraries: libftdi1.so.2: cannot open >&2; exit 127"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    found = examine([Part("tool", False, "all", "install libftdi1-2", program("tool"))]).findings[0]
    assert found.version is None
    assert found.remedy == "it is there, but not the library libftdi1.so.2: install libftdi1-2"


def test_either_program_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "echo 1.2")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert either(program("other"), program("tool"))() == "1.2"
    assert either(program("other"), program("others"))() is None


def test_what_is_not_there_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert program("g++", "--version")() is None
    assert package("no-such-distribution")() is None


def test_packages_are_found_without_importing_them() -> None:
    assert package("rich")()


def test_every_part_says_what_it_disables_and_what_to_do() -> None:
    assert {part.name for part in PARTS} >= {"python", "g++", "make", "perl", "vivado", "vitis-run"}
    assert all(part.disables and part.remedy for part in PARTS)
    assert isinstance(examine(), Diagnosis)


def test_every_extra_for_users_has_its_part() -> None:
    extras = set(metadata("twofold").get_all("Provides-Extra") or ()) - {"dev", "bench"}
    remedies = {part.remedy for part in PARTS}
    assert extras and {f"pip install 'twofold[{extra}]'" for extra in extras} <= remedies
