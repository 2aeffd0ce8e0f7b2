"""Which code this is: the commit that is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

#: Documents may differ: the rows of earlier runs are among them.
_BUT_DOCUMENTS = ":(top,exclude)docs"


def commit_of(folder: Path) -> str:
    """Short hash of the commit that is checked out, with "-dirty" if files differ from it; "" without git."""
    try:
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":/", _BUT_DOCUMENTS)
        return _git(folder, "rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
