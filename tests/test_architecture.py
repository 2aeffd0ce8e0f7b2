"""Who may import whom: each package's imports, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOTS = tuple(ROOT / folder / "twofold" for folder in ("software", "hardware", "sim", "boards"))

# Leaves: small modules that any package may use; they may use each other.
LEAVES = {"commit", "errors", "files", "progress"}
# Package or top-level module → what else of ours it may import at any place.
ALLOWED: dict[str, set[str]] = {
    **dict.fromkeys(LEAVES, LEAVES),
    "network": set(),
    "golden": {"network"},
    "data": set(),
    "models": set(),
    "metrics": {"network"},
    "quant": {"models", "network"},
    "prune": {"models"},
    "train": {"models", "data", "network", "quant", "prune", "metrics", "qonnx", "report"},
    "qonnx": {"network", "golden", "quant", "models"},
    "plan": {"network", "rtl"},
    "rtl": {"network"},
    "hls": {"network", "golden", "qonnx"},
    "synth": {"rtl", "plan", "network"},
    "sim": {"rtl", "plan", "golden", "network", "synth", "qonnx", "quant", "data", "models"},
    "boards": {"plan", "rtl", "network"},
    "report": {"golden", "network"},
    "evaluation": {"golden", "network", "data"},
    "mixed": {"quant", "metrics"},
    "sweep": {"boards", "data", "metrics", "models", "network", "plan", "qonnx", "report", "train"},
    "tables": {"models", "prune", "metrics", "quant", "qonnx", "plan"},
    "doctor": set(),
    "__main__": {"cli"},
}
# The top: may use every package; `cli` only inside functions, so that `twofold --help` stays fast.
TOP = {
    "api", "bench", "building", "demo", "methods", "overview", "record", "verification", "widths_by_budget",
}  # fmt: skip
FREE_AT_MODULE_LEVEL_OF_CLI = LEAVES | {"cli"}
TRAINING = {"torch", "brevitas", "torch_pruning"}
MAY_TRAIN = {
    "quant",
    "prune",
    "train",
    "models",
    "data",
    "metrics",
    "qonnx",
    "tables",
    "mixed",
    "sweep",
    *TOP,
}
# The golden model computes its convolutions with torch.nn.functional; it trains nothing.
MAY_TRAIN_TORCH_ONLY = {"golden"}


def sources() -> list[tuple[str, Path]]:
    """(package or module name, file) of every source file."""
    found = []
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            found.append((path.relative_to(root).parts[0].removesuffix(".py"), path))
    return found


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names that the nodes of `tree` import, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide who imports whom"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def at_import(tree: ast.Module) -> Iterator[str]:
    """Dotted names imported when the module is, outside functions and type checking."""
    for node in tree.body:
        is_type_checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) and not is_type_checking:
            yield from imports(node)


def ours(names: Iterator[str]) -> set[str]:
    """The packages of ours among dotted names."""
    return {name.split(".")[1] for name in names if name.startswith("twofold.")}


@pytest.mark.parametrize("package, path", sources(), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_a_file_imports_only_what_its_package_may(package: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    if package == "cli":
        assert ours(at_import(tree)) <= FREE_AT_MODULE_LEVEL_OF_CLI
        return
    if package in TOP:
        return
    assert package in ALLOWED, f"{package}: a new package needs its row in ALLOWED"
    assert ours(imports(tree)) <= ALLOWED[package] | LEAVES | {package}


@pytest.mark.parametrize("package, path", sources(), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_only_software_that_trains_imports_training_code(package: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    found = {name.split(".")[0] for name in imports(tree)} & TRAINING
    if package in MAY_TRAIN:
        return
    assert found <= ({"torch"} if package in MAY_TRAIN_TORCH_ONLY else set())


def test_the_namespace_package_has_no_init_file() -> None:
    assert [path for root in ROOTS for path in root.rglob("__init__.py")] == []


@pytest.mark.parametrize(
    "source, found",
    [
        ("from twofold.rtl import mac", {"rtl"}),
        ("import twofold.plan.tiles", {"plan"}),
        ("def f():\n    from twofold import golden", {"golden"}),
        ("import numpy", set()),
    ],
)
def test_every_way_to_import_is_seen(source: str, found: set[str]) -> None:
    assert ours(imports(ast.parse(source))) == found
