"""Copies over SSH to a real server on loopback, whose board is a stand-in of PYNQ's four names.

The same checks on OpenSSH's own server: `make bench-flash`.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh
import pytest

from twofold.boards.board import Board
from twofold.boards.flash import Files, checked_files
from twofold.boards.flash_check.checks import CHECKS, Check, Server, flashed, refused
from twofold.boards.flash_check.stand_in import StandIn, finished
from twofold.boards.ssh import flash_over_ssh
from twofold.errors import UserError

SECRET = "hunter2 $(touch hacked)"


class Login(asyncssh.SSHServer):
    """Keys as the server was told, or the password."""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == SECRET


@dataclass(frozen=True)
class AsyncSsh:
    """A server that notes the commands that it runs."""

    stand_in: StandIn
    commands: list[str] = field(default_factory=list)

    async def run(self, process: asyncssh.SSHServerProcess) -> None:
        """In a shell, as sshd does."""
        self.commands.append(str(process.command))
        done = await asyncio.to_thread(
            subprocess.run,
            ["/bin/sh", "-c", str(process.command)],
            input=await process.stdin.read(),
            capture_output=True,
            text=True,
            env=self.stand_in.environment,
        )
        process.stdout.write(done.stdout)
        process.stderr.write(done.stderr)
        process.exit(done.returncode)

    async def listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            Login,
            "127.0.0.1",
            0,
            server_host_keys=[str(self.stand_in.host_key)],
            authorized_client_keys=str(self.stand_in.authorized_keys),
            process_factory=self.run,
            sftp_factory=True,
        )


@contextmanager
def serving(server: AsyncSsh) -> Iterator[int]:
    """The port of the server, which runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    acceptor = asyncio.run_coroutine_threadsafe(server.listen(), loop).result(20)
    yield acceptor.get_port()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)


@pytest.fixture
def asynchronous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncSsh:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "server").mkdir()
    return AsyncSsh(StandIn.make(tmp_path / "server"))


@pytest.fixture
def server(asynchronous: AsyncSsh) -> Iterator[Server]:
    with serving(asynchronous) as port:
        yield Server(asynchronous.stand_in, "root", port)


@pytest.fixture
def files(board: Board, project: Path) -> Files:
    finished(project, bytes(range(256)) * 4000)
    return checked_files(project, board)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_the_checks_pass(server: Server, files: Files, check: Check) -> None:
    check(server, files)


def test_no_command_is_made_of_what_a_user_typed(
    server: Server, files: Files, asynchronous: AsyncSsh
) -> None:
    assert flashed(files, server.target()).passed
    assert flashed(files, replace(server.target(), user="xilinx")).passed
    assert asynchronous.commands == ["python3 -", "python3 -", "python3 -", *["sudo -n -i python3 -"] * 2]


def test_a_server_whose_key_is_unknown_runs_nothing(
    server: Server, files: Files, asynchronous: AsyncSsh
) -> None:
    refused(files, server.target(host_key=""))
    assert asynchronous.commands == []


def test_a_self_test_that_fails_is_shown(server: Server, files: Files) -> None:
    pynq = server.stand_in.pynq
    pynq.write_text(pynq.read_text().replace("WRONG = 0", "WRONG = 1"))
    found = flashed(files, server.target())
    assert not found.passed
    assert found.text.startswith("conv differs first, at element 0 of frame 0: expected ")


def test_a_password_is_asked_for_and_written_nowhere(
    server: Server, files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(tmp_path / "stranger"))
    target = replace(server.target(), keys=(tmp_path / "stranger",))
    with caplog.at_level("DEBUG"):
        assert flash_over_ssh(files, target, lambda: SECRET).passed
        with pytest.raises(UserError, match=r"expected a key or password of root, the board took none"):
            flash_over_ssh(files, target, lambda: "wrong")
    assert SECRET not in caplog.text
    assert not any(
        SECRET in path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()
    )


def test_a_sudo_that_wants_a_password_gets_it(
    server: Server, files: Files, asynchronous: AsyncSsh, caplog: pytest.LogCaptureFixture
) -> None:
    """As on PYNQ's images, whose user is in the group sudo and nothing more."""
    server.stand_in.sudo_password.write_text(SECRET)
    target = replace(server.target(), user="xilinx")
    with caplog.at_level("DEBUG"):
        assert flash_over_ssh(files, target, lambda: SECRET).passed
    assert SECRET not in caplog.text
    assert asynchronous.commands[1:] == ["sudo -n -i python3 -", "sudo -k -S -p '' -i python3 -"]
    for password, said in ((lambda: "wrong", "1 incorrect password attempt"), (lambda: None, "required")):
        with pytest.raises(UserError, match=rf"{said}'; the user must be root, or run python3 with sudo"):
            flash_over_ssh(files, target, password)


def test_the_password_of_the_login_is_sudos(server: Server, files: Files, tmp_path: Path) -> None:
    """And is typed once."""
    server.stand_in.sudo_password.write_text(SECRET)
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(tmp_path / "stranger"))
    target = replace(server.target(), user="xilinx", keys=(tmp_path / "stranger",))
    typed: list[str] = []
    assert flash_over_ssh(files, target, lambda: typed.append(SECRET) or SECRET).passed
    assert len(typed) == 1


def test_names_with_shell_characters_are_names(server: Server, files: Files, tmp_path: Path) -> None:
    folder = tmp_path / "a b; touch hacked '$(touch hacked)"
    assert flashed(files, replace(server.target(), folder=str(folder))).passed
    assert (folder / "twofold.bit").is_file()
    assert not list(tmp_path.rglob("hacked"))
