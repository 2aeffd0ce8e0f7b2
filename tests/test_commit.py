"""The commit that figures are noted with."""

from __future__ import annotations

import subprocess
from pathlib import Path

from twofold.commit import commit_of


def test_the_commit_is_that_of_the_repository_around_the_folder(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    commit = commit_of(tmp_path)
    assert len(commit) >= 7
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "results.json").touch()
    subprocess.run([*git, "add", "docs"], check=True)
    assert commit_of(tmp_path) == commit
    (tmp_path / "new").touch()
    subprocess.run([*git, "add", "new"], check=True)
    assert commit_of(tmp_path) == f"{commit}-dirty"
