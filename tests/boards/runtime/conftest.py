"""A board folder as after the Vivado build, and wrong ones."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def folder(project: Path, finish: Callable[[Path], Path]) -> Path:
    return finish(project)


@pytest.fixture(scope="session")
def wrong_folders() -> Callable[[Path, Path], dict[Path, str]]:
    return _wrong_folders


def _wrong_folders(folder: Path, home: Path) -> dict[Path, str]:
    """Copies of a board folder below `home`, and what the runtime must say of each.

    One has other weights than its manifest says, one a program for another engine than the bitstream's.
    """
    weights, engine = home / "weights", home / "engine"
    for copy in (weights, engine):
        shutil.copytree(folder, copy)
    (weights / "image.bin").write_bytes(b"other weights")
    program = json.loads((engine / "program.json").read_text())
    program["geometry"]["tiles"] += 1
    (engine / "program.json").write_text(json.dumps(program))
    manifest = json.loads((engine / "manifest.json").read_text())
    digest = hashlib.sha256((engine / "program.json").read_bytes()).hexdigest()
    manifest["board_files"]["program.json"] = digest
    (engine / "manifest.json").write_text(json.dumps(manifest))
    return {
        weights: "image.bin: expected sha256",
        engine: "the bitstream holds another engine, build it again from this project",
    }
