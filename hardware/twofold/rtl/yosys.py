"""Yosys in a process of its own: it prints a lot, and can hang or abort."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = """
import sys
from pyosys import libyosys as ys
design = ys.Design()
for command in sys.argv[1:]:
    ys.run_pass(command, design)
"""


class YosysError(Exception):
    """A command failed. The message is the last lines of the log, in one line."""


class YosysTimeoutError(YosysError):
    """The time was over; Yosys and what it had started are gone."""


def run_yosys(commands: Sequence[str], folder: Path, *, time_limit: float | None = None) -> str:
    """Executes the commands one after the other in `folder` and returns the log.

    time_limit: seconds of wall time. Raises YosysError if a command fails, YosysTimeoutError at the limit.
    """
    with tempfile.TemporaryFile("w+") as log:
        code = _wait([sys.executable, "-c", _SCRIPT, *commands], folder, log.fileno(), time_limit)
        log.seek(0)
        text = log.read()
    if code:
        lines = [line for line in text.splitlines() if line.strip()]
        raise YosysError(" | ".join(lines[-3:]) or f"ended with code {code}")
    return text


def _wait(command: list[str], folder: Path, log: int, time_limit: float | None) -> int:
    with subprocess.Popen(
        command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        try:
            return process.wait(time_limit)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            raise YosysTimeoutError(f"not done in {time_limit:g} s") from error
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
