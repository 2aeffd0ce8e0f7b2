"""What the sources import is declared in pyproject.toml, with a reason, and pinned in constraints.txt."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [
    path for folder in ("software", "hardware", "sim", "boards") for path in (ROOT / folder).rglob("*.py")
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ON_THE_BOARD = {"pynq"}
OWN = {"twofold", "twofold-runtime"}
NAME = re.compile(r"[\w.-]+")


def normalised(distribution: str) -> str:
    """The name by which an index knows it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def names(requirements: Iterable[str]) -> set[str]:
    return {normalised(found[0]) for line in requirements if (found := NAME.match(line))} - OWN


def imported(tree: ast.AST) -> Iterator[str]:
    """The packages that a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


EXTRAS = PROJECT["optional-dependencies"].values()
DECLARED = names([*PROJECT["dependencies"], *chain.from_iterable(EXTRAS)])


def test_every_import_is_declared() -> None:
    found = {package for path in SOURCES for package in imported(ast.parse(path.read_text()))}
    distributions = packages_distributions()
    undeclared = {
        package
        for package in found - sys.stdlib_module_names - ON_THE_BOARD
        if not {normalised(name) for name in distributions.get(package, [package])} & (DECLARED | OWN)
    }
    assert undeclared == set()


def test_every_dependency_is_pinned_with_a_version() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    pinned = [normalised(line.partition("==")[0]) for line in lines]
    assert len(set(pinned)) == len(pinned)
    assert DECLARED - set(pinned) == set()


def test_every_dependency_has_a_reason() -> None:
    lines = (
        (ROOT / "pyproject.toml")
        .read_text()
        .partition("\ndependencies = [")[2]
        .partition("[project.scripts]")[0]
    )
    reasoned, seen = False, set()
    for line in map(str.strip, lines.splitlines()):
        if line.startswith("#"):
            reasoned = True
        elif line.startswith('"') and not line.startswith('"twofold['):
            assert reasoned, f"{line}: expected a comment above that says why"
            seen |= names([line.strip('",')])
        else:
            reasoned = False
    assert seen == DECLARED


def test_what_is_imported_is_found_everywhere() -> None:
    tree = ast.parse("import a.b, c\nfrom d.e import f\nfrom . import g\ndef h():\n    import i\n")
    assert set(imported(tree)) == {"a", "c", "d", "i"}
    assert names(["torch>=2.6", "stable_baselines3>=2.9,<3", "twofold[uart]"]) == {
        "torch",
        "stable-baselines3",
    }
