"""What the documentation names exists: links, files of the project, modules and what is in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = tuple(ROOT / folder / "twofold" for folder in ("software", "hardware", "sim", "boards"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
SYMBOL = re.compile(r"`(twofold(?:\.\w+)+)`")
FILE = re.compile(r"`((?:software|hardware|sim|boards|tests|docs)/[\w./-]+)`")


def prose(page: Path) -> str:
    return CODE_BLOCK.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def is_broken(link: str, page: Path) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def module(parts: list[str]) -> tuple[Path | None, list[str]]:
    """(the module's file or the package's folder, names inside it) of a dotted name without `twofold`."""
    for source in SOURCES:
        for count in range(len(parts), 0, -1):
            path = source.joinpath(*parts[:count])
            if path.with_suffix(".py").is_file():
                return path.with_suffix(".py"), parts[count:]
            if path.is_dir() and count == len(parts):
                return path, []
    return None, parts


def defined(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The names that statements of a module or a class bind."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node
            case ast.Assign(targets=targets):
                yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))
            case ast.ImportFrom(names=aliases):
                yield from ((alias.asname or alias.name, node) for alias in aliases)


def exists(symbol: str) -> bool:
    """Whether a dotted name is a package, a module, or bound in one; nothing is imported."""
    path, names = module(symbol.split(".")[1:])
    if path is None or (path.is_dir() and names):
        return False
    body = [] if path.is_dir() else ast.parse(path.read_text()).body
    for name in names:
        node = dict(defined(body)).get(name)
        if node is None:
            return False
        body = node.body if isinstance(node, ast.ClassDef) else []
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(prose(page)) if "://" not in link]
    assert [link for link in links if is_broken(link, page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_symbols_exist(page: Path) -> None:
    assert [symbol for symbol in SYMBOL.findall(prose(page)) if not exists(symbol)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_exist(page: Path) -> None:
    assert [name for name in FILE.findall(prose(page)) if not (ROOT / name).exists()] == []


def test_the_index_has_every_page() -> None:
    docs = ROOT / "docs"
    linked = LINK.findall((docs / "index.md").read_text())
    assert sorted([*linked, "index.md"]) == sorted(str(page.relative_to(docs)) for page in docs.rglob("*.md"))


def test_what_does_not_exist_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page, of ours\n")
    assert anchors(page) == {"a-page-of-ours"}
    assert [is_broken(link, page) for link in ("#a-page-of-ours", "#another", "page.md", "none.md")] == [
        False,
        True,
        False,
        True,
    ]
    names = (
        "twofold.rtl.isa.LAYER",
        "twofold.rtl.isa.NONE",
        "twofold.rtl",
        "twofold.none",
        "twofold.rtl.none",
    )
    assert [exists(name) for name in names] == [True, False, True, False, False]
    assert exists("twofold.rtl.geometry.PeName.INT_MUL") and not exists("twofold.rtl.geometry.PeName.NONE")
