"""What flashing over SSH must do, whatever the server is; each check raises AssertionError if it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from twofold.boards.flash import Files
from twofold.boards.flash_check.cut_line import cut_line
from twofold.boards.flash_check.stand_in import StandIn
from twofold.boards.ssh import PART, Outcome, Target, flash_over_ssh
from twofold.errors import UserError


@dataclass(frozen=True)
class Server:
    """An SSH server on loopback that lets `user` in with the stand-in's key."""

    stand_in: StandIn
    user: str
    port: int

    @property
    def board(self) -> Path:
        return self.stand_in.board

    def target(self, port: int | None = None, host_key: str | None = None) -> Target:
        return self.stand_in.target(self.user, port or self.port, host_key)


def an_unknown_host_key_is_refused(server: Server, files: Files) -> None:
    """Another key, and none; nothing is on the board then."""
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    for known in (other, ""):
        reason = refused(files, server.target(host_key=known))
        assert "expected a known host key, found another or none" in reason, reason
    assert not server.board.exists(), "expected nothing on the board, found a folder"


def files_arrive_whole(server: Server, files: Files) -> None:
    """All of them, nothing else, byte by byte; the self-test's result comes back."""
    found = flashed(files, server.target())
    assert found.passed and found.text.startswith("3 frames, "), found
    names = {str(path.relative_to(server.board)) for path in server.board.rglob("*") if path.is_file()}
    names = {name for name in names if "__pycache__" not in name}
    assert names == set(files.names), names ^ set(files.names)
    for name in files.names:
        assert (server.board / name).read_bytes() == (files.folder / name).read_bytes(), f"{name} differs"


def an_interrupted_copy_leaves_what_was_there(server: Server, files: Files) -> None:
    """The line breaks in the middle of a new bitstream; the next copy is whole again."""
    flashed(files, server.target())
    before = _content(server, files)
    name = files.bitstream.name
    files.bitstream.write_bytes(before[name][::-1])
    sizes = {one: (files.folder / one).stat().st_size for one in files.names}
    earlier = files.names[: files.names.index(name)]
    with cut_line(server.port, sum(sizes[one] for one in earlier) + sizes[name] // 2) as port:
        reason = refused(files, server.target(port))
    assert "the connection failed: " in reason and "; files there are whole" in reason, reason
    changed = [one for one, content in _content(server, files).items() if content != before[one]]
    assert not changed, f"expected the old files, found others: {changed}"
    part = (server.board / f"{name}{PART}").stat().st_size
    assert part < sizes[name], f"expected a part of {sizes[name]} bytes, found {part}"
    files_arrive_whole(server, files)


Check = Callable[[Server, Files], None]
CHECKS: Mapping[str, Check] = {
    "an unknown host key is refused": an_unknown_host_key_is_refused,
    "files arrive whole": files_arrive_whole,
    "an interrupted copy leaves what was there": an_interrupted_copy_leaves_what_was_there,
}
"""In an order in which one board can be used for all of them."""


def flashed(files: Files, target: Target) -> Outcome:
    return flash_over_ssh(files, target, _nobody)


def refused(files: Files, target: Target) -> str:
    """What the refusal says."""
    try:
        flashed(files, target)
    except UserError as error:
        return str(error)
    raise AssertionError("expected a refusal, the copy went well")


def _nobody() -> str | None:
    raise AssertionError("expected nobody to be asked for a password where a key is accepted")


def _content(server: Server, files: Files) -> dict[str, bytes]:
    return {name: (server.board / name).read_bytes() for name in files.names}
