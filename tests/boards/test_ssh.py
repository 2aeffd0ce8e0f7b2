"""Copies over SSH to a real server on loopback, whose board is a stand-in of PYNQ's three names."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from twofold.boards.board import Board
from twofold.boards.design import EngineDesign
from twofold.boards.flash import Files, checked_files
from twofold.boards.project import generate
from twofold.boards.ssh import Outcome, Target, flash_over_ssh
from twofold.errors import UserError
from twofold.plan.program import Program

SECRET = "hunter2 $(touch hacked)"
PYNQ = """
import io, json, os, pathlib
import numpy as np

folder = pathlib.Path(os.getcwd())
entries = {e["name"]: e for e in json.loads((folder / "registers.json").read_text())}
program = json.loads((folder / "program.json").read_text())
buffers = []

class Buffer(np.ndarray):
    device_address = 0
    def flush(self): ...
    def invalidate(self): ...

def allocate(shape, dtype):
    buffer = np.zeros(shape, dtype).view(Buffer)
    buffer.device_address = 0x1000 * (len(buffers) + 1)
    buffers.append(buffer)
    return buffer

class Overlay:
    def __init__(self, path):
        self.ip_dict = {"engine_0": {"phys_addr": 0x43C00000, "addr_range": 4096}}

class MMIO:
    def __init__(self, base, length):
        self.values = {e["offset"]: e["reset"] for e in entries.values()}
        lanes = program["geometry"]["lanes"]
        self.values[entries["GEOMETRY"]["offset"]] = lanes | lanes << 8 | program["geometry"]["tiles"] << 16
    def read(self, offset):
        return self.values[offset]
    def write(self, offset, value):
        self.values[offset] = value
        if offset == entries["CONTROL"]["offset"] and value == 1:
            self.run()
    def run(self):
        at = lambda name: self.values[entries[name]["offset"]]
        logits = np.load(folder / "selftest.npz")["region0"]
        target = next(b for b in buffers if b.device_address == at("OUTPUT_ADDR"))
        words = np.zeros((len(logits), program["output_stride"] // 4), "<i4")
        words[:, :logits.shape[1]] = logits + WRONG
        target[: words.nbytes] = words.view("u1").reshape(-1)
        self.values[entries["FRAMES_DONE"]["offset"]] = at("FRAMES")
        self.values[entries["STATUS"]["offset"]] = 1 << entries["STATUS"]["fields"]["DONE"]["low"]
"""


@dataclass
class Server:
    """fail_after: bytes of the bitstream that are taken before the connection breaks; None: all."""

    port: int
    known_hosts: Path
    key: Path
    board: Path
    commands: list[str]
    log: list[str]
    fail_after: int | None = None

    def target(self, **changes: Any) -> Target:
        values = {"host": "127.0.0.1", "user": "root", "port": self.port, "folder": str(self.board)}
        return Target(**{**values, "known_hosts": self.known_hosts, "keys": (self.key,), **changes})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pynq.py").write_text(PYNQ.replace("WRONG", "0"))
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    user_key.write_private_key(str(tmp_path / "id"))
    user_key.write_public_key(str(tmp_path / "authorized"))
    found = Server(0, tmp_path / "known_hosts", tmp_path / "id", tmp_path / "board", [], [])
    with serving(found, host_key, tmp_path):
        public = host_key.export_public_key().decode()
        found.known_hosts.write_text(f"[127.0.0.1]:{found.port} {public}")
        yield found


@contextmanager
def serving(server: Server, host_key: asyncssh.SSHKey, folder: Path) -> Iterator[None]:
    """A server in a thread of its own, that runs what it is told as this process's user."""

    class Sftp(asyncssh.SFTPServer):
        def write(self, file: Any, offset: int, data: bytes) -> int:
            limit = server.fail_after
            if limit is not None and file.name.endswith(b"twofold.bit.part") and offset + len(data) > limit:
                super().write(file, offset, data[: max(0, limit - offset)])
                raise asyncssh.SFTPConnectionLost("the cable was pulled")
            return int(super().write(file, offset, data))

    class Login(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return password == SECRET

    async def run(process: asyncssh.SSHServerProcess) -> None:
        server.commands.append(str(process.command))
        text = await process.stdin.read()
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-"],
            input=text,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(folder / "env")},
        )
        process.stdout.write(done.stdout)
        process.stderr.write(done.stderr)
        process.exit(done.returncode)

    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def listen() -> None:
        acceptor = await asyncssh.create_server(
            Login,
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            authorized_client_keys=str(folder / "authorized"),
            process_factory=run,
            sftp_factory=Sftp,
        )
        server.port = acceptor.get_port()
        ready.set()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(listen())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(20)
    yield
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)


def nobody() -> str | None:
    raise AssertionError("nobody is asked where a key is accepted")


@pytest.fixture
def files(
    board: Board,
    shell: Path,
    program: Program,
    selftest: dict[str, bytes],
    finish: Callable[[Path], Path],
    tmp_path: Path,
) -> Files:
    """Of a project whose self-test compares the output alone, which the stand-in can give."""
    generate(board, EngineDesign(shell, program, selftest), tmp_path / "built")
    finish(tmp_path / "built")
    (tmp_path / "built" / "board" / "twofold.bit").write_bytes(bytes(range(256)) * 4000)
    return checked_files(tmp_path / "built", board)


def test_files_arrive_whole_and_the_self_test_is_shown(server: Server, files: Files) -> None:
    found = flash_over_ssh(files, server.target(), nobody)
    assert found == Outcome(True, "3 frames, 9 integers of 1 layers")
    on_board = {str(path.relative_to(server.board)) for path in server.board.rglob("*") if path.is_file()}
    assert {name for name in on_board if "__pycache__" not in name} == set(files.names)
    for name in files.names:
        assert (server.board / name).read_bytes() == (files.folder / name).read_bytes()
    assert server.commands == ["python3 -", "python3 -"], "no command is made of what a user typed"


def test_a_self_test_that_fails_is_shown(server: Server, files: Files, tmp_path: Path) -> None:
    (tmp_path / "env" / "pynq.py").write_text(PYNQ.replace("WRONG", "1"))
    found = flash_over_ssh(files, server.target(), nobody)
    assert not found.passed
    assert found.text.startswith("the output differs first, at element 0 of frame 0: expected ")


def test_an_interrupted_copy_leaves_the_old_bitstream(server: Server, files: Files) -> None:
    flash_over_ssh(files, server.target(), nobody)
    before = (server.board / "twofold.bit").read_bytes()
    files.bitstream.write_bytes(b"new" * 300_000)
    server.fail_after = 100_000
    with pytest.raises(UserError, match=r"the connection failed: .*; files there are whole"):
        flash_over_ssh(files, server.target(), nobody)
    assert (server.board / "twofold.bit").read_bytes() == before
    assert (server.board / "twofold.bit.part").stat().st_size <= 100_000


def test_an_unknown_host_key_is_refused(server: Server, files: Files) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other}")
    with pytest.raises(UserError, match=r"127.0.0.1: expected a known host key, found another or none"):
        flash_over_ssh(files, server.target(), nobody)
    server.known_hosts.write_text("")
    with pytest.raises(UserError, match="expected a known host key"):
        flash_over_ssh(files, server.target(), nobody)
    assert not server.board.exists() and server.commands == []


def test_a_password_is_asked_for_and_written_nowhere(
    server: Server, files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(tmp_path / "stranger"))
    target = server.target(keys=(tmp_path / "stranger",))
    with caplog.at_level("DEBUG"):
        assert flash_over_ssh(files, target, lambda: SECRET).passed
        with pytest.raises(UserError, match=r"expected a key or password of root, the board took none"):
            flash_over_ssh(files, target, lambda: "wrong")
    assert SECRET not in caplog.text
    assert not any(
        SECRET in path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()
    )


def test_names_with_shell_characters_are_names(server: Server, files: Files, tmp_path: Path) -> None:
    folder = tmp_path / "a b; touch hacked '$(touch hacked)"
    assert flash_over_ssh(files, server.target(folder=str(folder)), nobody).passed
    assert (folder / "twofold.bit").is_file()
    assert not list(tmp_path.rglob("hacked"))
