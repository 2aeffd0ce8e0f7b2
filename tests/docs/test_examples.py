"""Every Python example in the documentation runs; those marked `notest` compile, and their imports exist."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from twofold.train.recipe import Budget
from twofold.train.settings import Fit

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<language>\w*) *(?P<mark>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
SKIPPED = "notest"


@dataclass(frozen=True)
class Example:
    """A block of Python on a page; its code begins with as many empty lines as the page has before it."""

    page: Path
    line: int
    code: str
    runs: bool

    @property
    def tree(self) -> ast.Module:
        return ast.parse("\n" * self.line + self.code, str(self.page))


def examples(page: Path) -> Iterator[Example]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        if found["language"] == "python":
            line = text.count("\n", 0, found.start("code"))
            yield Example(page, line, found["code"], found["mark"] != SKIPPED)


def with_examples(runs: bool) -> list[Path]:
    return [page for page in PAGES if any(example.runs is runs for example in examples(page))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with the APoT demo model in it, where every stage trains for one epoch."""
    shutil.copy(ROOT / "tests" / "assets" / "apot" / "model.onnx", tmp_path)
    monkeypatch.chdir(tmp_path)
    short = Budget(*[Fit(1)] * 4)
    monkeypatch.setattr(Budget, "for_dataset", classmethod(lambda cls, dataset: short))
    return tmp_path


@pytest.mark.parametrize("page", with_examples(runs=True), ids=lambda page: page.name)
def test_examples_of_a_page_run_in_order(page: Path, folder: Path) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    for example in examples(page):
        if example.runs:
            exec(compile(example.tree, str(page), "exec"), names)


@pytest.mark.parametrize("page", with_examples(runs=False), ids=lambda page: page.name)
def test_examples_that_are_not_run_compile_and_import_what_exists(page: Path) -> None:
    for example in examples(page):
        for node in ast.walk(example.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "twofold":
                module = importlib.import_module(str(node.module))
                for alias in node.names:
                    if not hasattr(module, alias.name):
                        importlib.import_module(f"{node.module}.{alias.name}")


def test_examples_are_found_with_their_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n```python\nfirst\n```\n\n```python notest\nsecond\n```\n\n```sh\nthird\n```\n")
    assert [(example.line, example.code, example.runs) for example in examples(page)] == [
        (3, "first\n", True),
        (7, "second\n", False),
    ]
