"""OpenSSH's sshd as the server of a stand-in board: own keys and configuration, a free port of loopback."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twofold.boards.flash_check.checks import Server
from twofold.boards.flash_check.stand_in import LOOPBACK, StandIn
from twofold.errors import UserError

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/bin")
_START_SECONDS = 20
_CONFIGURATION = """
ListenAddress {loopback}
Port {port}
HostKey "{host_key}"
AuthorizedKeysFile "{authorized_keys}"
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
SetEnv {environment}
"""


def find_sshd() -> Path:
    """Raises UserError if there is none."""
    found = shutil.which("sshd") or shutil.which("sshd", path=":".join(_PLACES))
    if found is None:
        raise UserError(
            f"expected OpenSSH's sshd on PATH or in {', '.join(_PLACES)}, found none; install openssh-server "
            "with the system's package manager (Debian, Ubuntu: apt-get install openssh-server)"
        )
    return Path(found).resolve()


def version(sshd: Path) -> str:
    """Such as OpenSSH_9.2p1. An sshd that knows no -V says it with its usage."""
    said = subprocess.run([sshd, "-V"], capture_output=True, text=True, timeout=20, check=False)
    words = (said.stdout + said.stderr).split()
    return next((word.rstrip(",") for word in words if word.startswith("OpenSSH")), "of unknown version")


@contextmanager
def serving(sshd: Path, stand_in: StandIn) -> Iterator[Server]:
    """This process's user may log in. Raises UserError, with what sshd says, if it does not start."""
    port = _free_port()
    configuration, log = stand_in.home / "sshd_config", stand_in.home / "sshd.log"
    configuration.write_text(_configuration(stand_in, port))
    command = [str(sshd), "-D", "-e", "-f", str(configuration)]
    with log.open("w") as said, subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=said) as process:
        try:
            _wait_until_it_listens(process, port, log)
            yield Server(stand_in, getpass.getuser(), port)
        finally:
            process.terminate()


def _configuration(stand_in: StandIn, port: int) -> str:
    return _CONFIGURATION.format(
        loopback=LOOPBACK,
        port=port,
        host_key=stand_in.host_key,
        authorized_keys=stand_in.authorized_keys,
        environment=" ".join(f'"{name}={value}"' for name, value in stand_in.environment.items()),
    )


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise UserError(f"sshd: expected it to listen, it says: {log.read_text().strip()}")
