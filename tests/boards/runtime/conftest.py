"""A board folder as after the Vivado build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def folder(project: Path, finish: Callable[[Path], Path]) -> Path:
    return finish(project)
