"""Files that are whole or not there."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from secrets import token_hex

from twofold.errors import UserError

_TOKEN_BYTES = 8


def make_folder(folder: Path) -> None:
    """With those above it. Raises UserError if it cannot be made, or nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        found = "a file" if isinstance(error, FileExistsError) else error.strerror
        raise UserError(
            f"{folder}: expected a folder to write to, or a place for one, found {found}; choose another"
        ) from error


def beside(target: Path) -> Path:
    """A name in the folder of `target`, which is made, that nothing has yet; hidden, with the same ending.

    Raises UserError as `make_folder`.
    """
    make_folder(target.parent)
    return target.with_name(f".{target.stem}.{token_hex(_TOKEN_BYTES)}{target.suffix}")


def remove_unfinished(target: Path) -> None:
    """What processes that were killed while they wrote `target` have left beside it."""
    token = "[0-9a-f]" * (2 * _TOKEN_BYTES)
    for unfinished in target.parent.glob(f".{escape(target.stem)}.{token}{escape(target.suffix)}"):
        unfinished.unlink(missing_ok=True)


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """An empty file beside `target` that takes its place when the block ends without an error.

    Its permissions are those of any new file, by the process's umask. Raises UserError for a folder in its
    place, and as `make_folder`.
    """
    if target.is_dir():
        raise UserError(f"{target}: expected the name of a file to write, found a folder")
    temporary = beside(target)
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(target: Path, content: str | bytes) -> None:
    """`target` has all of `content`, or is as it was."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
