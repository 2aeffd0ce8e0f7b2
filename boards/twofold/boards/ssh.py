"""Copies a board folder over SSH, so that each file is whole or not there, and runs the self-test."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import asyncssh

from twofold.boards.flash import Files
from twofold.boards.remote import AS_ROOT, AS_ROOT_WITH_PASSWORD, HASHES, PYTHON, SELFTEST, script
from twofold.errors import UserError
from twofold.progress import SILENT, Progress

PART = ".part"
ROOT = "root"
_LOGIN_SECONDS = 20
_RUN_SECONDS = 180


@dataclass(frozen=True)
class Target:
    """known_hosts: a file in OpenSSH's form. keys: private ones. Without, the user's own are used."""

    host: str
    user: str
    port: int
    folder: str
    known_hosts: Path | None = None
    keys: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What the board's self-test said."""

    passed: bool
    text: str


def flash_over_ssh(
    files: Files, target: Target, password: Callable[[], str | None], progress: Progress = SILENT
) -> Outcome:
    """Copies, compares hashes on the board, puts the files in place, runs the self-test.

    password: is asked at most once, when no key is accepted, or when sudo wants one. Raises UserError for an
    unknown host key, a refused login, a copy that differs, and a board that does not answer.
    """
    try:
        return asyncio.run(_flash(files, target, cache(password), progress))
    except asyncssh.HostKeyNotVerifiable as error:
        raise UserError(
            f"{target.host}: expected a known host key, found another or none ({error.reason}); check it, "
            f"and let ssh {target.user}@{target.host} add it"
        ) from error
    except asyncssh.PermissionDenied as error:
        raise UserError(
            f"{target.host}: expected a key or password of {target.user}, the board took none; copy a key "
            f"with ssh-copy-id {target.user}@{target.host}"
        ) from error
    except (TimeoutError, OSError, asyncssh.Error) as error:
        reason = str(error) or type(error).__name__
        raise UserError(f"{target.host}: the connection failed: {reason}; files there are whole") from error


class _Client(asyncssh.SSHClient):
    """Asks for the password once."""

    def __init__(self, password: Callable[[], str | None]):
        self._password: Callable[[], str | None] | None = password

    def password_auth_requested(self) -> str | None:
        ask, self._password = self._password, None
        return ask() if ask else None


async def _flash(
    files: Files, target: Target, password: Callable[[], str | None], progress: Progress
) -> Outcome:
    options: dict[str, Any] = {"client_keys": [str(key) for key in target.keys]} if target.keys else {}
    if target.known_hosts is not None:
        options["known_hosts"] = str(target.known_hosts)
    async with asyncssh.connect(
        target.host,
        target.port,
        username=target.user,
        client_factory=lambda: _Client(password),
        login_timeout=_LOGIN_SECONDS,
        **options,
    ) as connection:
        async with connection.start_sftp_client() as sftp:
            await _copy(sftp, files, target, progress)
            await _compare(connection, files, target)
            await _put_in_place(sftp, files, target)
        with progress.task("self-test on the board"):
            return await _selftest(connection, target, password)


async def _copy(sftp: asyncssh.SFTPClient, files: Files, target: Target, progress: Progress) -> None:
    with progress.task(f"copy to {target.host}", len(files.names)) as advance:
        for folder in sorted({str(PurePosixPath(target.folder, name).parent) for name in files.names}):
            await sftp.makedirs(folder, exist_ok=True)
        for name in files.names:
            await sftp.put(str(files.folder / name), _path(target, name + PART))
            advance(1, name)


async def _compare(connection: asyncssh.SSHClientConnection, files: Files, target: Target) -> None:
    given = {"folder": target.folder, "names": [name + PART for name in files.names]}
    found = await _run(connection, PYTHON, script(HASHES, given), target)
    for name in files.names:
        expected = hashlib.sha256((files.folder / name).read_bytes()).hexdigest()
        if found[name + PART] != expected:
            other = found[name + PART][:12]
            raise UserError(
                f"{target.host}: {name}: expected sha256 {expected[:12]}…, found {other}…; try again"
            )


async def _put_in_place(sftp: asyncssh.SFTPClient, files: Files, target: Target) -> None:
    """Renames, which replaces at once; the manifest is the last, so that files of two builds are noticed."""
    for name in files.names:
        await sftp.posix_rename(_path(target, name + PART), _path(target, name))


async def _selftest(
    connection: asyncssh.SSHClientConnection, target: Target, password: Callable[[], str | None]
) -> Outcome:
    command, first = await _as_root(connection, target, password)
    found = await _run(connection, command, first + script(SELFTEST, {"folder": target.folder}), target)
    if found["passed"]:
        return Outcome(
            True, f"{found['frames']} frames, {found['integers']} integers of {found['layers']} layers"
        )
    return Outcome(False, str(found["difference"]))


async def _as_root(
    connection: asyncssh.SSHClientConnection, target: Target, password: Callable[[], str | None]
) -> tuple[str, str]:
    """A command that reads a script as root, and what goes before it: a password if sudo wants one."""
    if target.user == ROOT:
        return PYTHON, ""
    allowed = await asyncio.wait_for(connection.run(AS_ROOT, input="\n", check=False), _RUN_SECONDS)
    typed = None if allowed.exit_status == 0 else password()
    return (AS_ROOT, "") if typed is None else (AS_ROOT_WITH_PASSWORD, f"{typed}\n")


async def _run(
    connection: asyncssh.SSHClientConnection, command: str, text: str, target: Target
) -> dict[str, Any]:
    """The JSON on the last line that a script prints."""
    done = await asyncio.wait_for(connection.run(command, input=text, check=False), _RUN_SECONDS)
    lines: Sequence[str] = str(done.stdout).strip().splitlines()
    if done.exit_status != 0 or not lines:
        said = str(done.stderr).strip().splitlines()[-1:] or ["nothing"]
        raise UserError(
            f"{target.host}: expected {command!r} to work, it ended with {done.exit_status} and said "
            f"{said[0]!r}; the user must be root, or run python3 with sudo"
        )
    return dict(json.loads(lines[-1]))


def _path(target: Target, name: str) -> str:
    return str(PurePosixPath(target.folder, name))
