"""No source runs a shell, unpickles, evaluates text, unpacks archives by their paths, or is told passwords.

How files are checked before they are used is tested beside their readers: models in tests/qonnx/test_read.py,
networks in tests/network/test_store.py, data in tests/data/test_files.py, checkpoints in
tests/train/test_checkpoint.py, board files in tests/boards/test_board_file.py, board folders and hand-off
files in tests/boards/runtime, what goes to a board in tests/boards/test_flash.py and test_ssh.py beside it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from twofold.cli.main import app

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("software", "hardware", "sim", "boards") for path in (ROOT / folder).rglob("*.py")
)

SHELLS = {
    "os.system", "os.popen", "os.execl", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell",
}  # fmt: skip
UNPICKLES = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open",
    "dill.load", "joblib.load", "yaml.load", "pandas.read_pickle",
}  # fmt: skip
EVALUATES = {"eval", "exec", "compile", "__import__"}
UNPACKS = {"extract", "extractall", "unpack_archive"}
WITH_ARGUMENT = {"torch.load": ("weights_only", True)}
"""Call → an argument that it must have."""
NEVER = {"shell": True, "allow_pickle": True, "weights_only": False}
"""Argument → a value that no call may give it."""


def dotted(node: ast.expr) -> str:
    """a.b.c of an expression; ? for a part of another kind."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def dangers(source: str) -> Iterator[str]:
    """What the calls of a source do that none may."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if name in SHELLS | UNPICKLES | EVALUATES or name.rpartition(".")[2] in UNPACKS:
            yield name
        yield from (f"{name}({key}={value})" for key, value in NEVER.items() if given.get(key) == str(value))
        if name in WITH_ARGUMENT:
            key, value = WITH_ARGUMENT[name]
            if given.get(key) != str(value):
                yield f"{name} without {key}={value}"
        if (
            name.startswith("subprocess.")
            and node.args
            and isinstance(node.args[0], ast.Constant | ast.JoinedStr)
        ):
            yield f"{name} of a string"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_does_what_none_may(path: Path) -> None:
    assert list(dangers(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "os.system(command)",
        "subprocess.run(words, shell=True)",
        "subprocess.run(f'ls {folder}')",
        "pickle.load(file)",
        "np.load(path, allow_pickle=True)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "archive.extractall(folder)",
        "shutil.unpack_archive(path)",
        "eval(text)",
    ],
)
def test_each_danger_is_seen(source: str) -> None:
    assert list(dangers(source))


def test_what_is_allowed_is_not_taken_for_a_danger() -> None:
    allowed = "subprocess.run(words, check=True); np.load(p, allow_pickle=False); f(x).eval()"
    assert list(dangers(f"{allowed}; torch.load(p, weights_only=True)")) == []


def test_no_option_takes_a_secret() -> None:
    """It would be in the shell's history and in the list of processes."""
    verbs: Any = typer.main.get_command(app)
    options = {
        option for verb in verbs.commands.values() for parameter in verb.params for option in parameter.opts
    }
    assert "--host" in options
    secret = ("password", "passphrase", "secret", "token")
    assert [option for option in options if any(word in option.lower() for word in secret)] == []
