"""Runs the tools on a project, where they are installed."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from twofold.boards.project import MANIFEST
from twofold.boards.scripts import BY_NAME, Script
from twofold.boards.vivado_reports import Implemented, read_reports
from twofold.errors import UserError
from twofold.progress import SILENT, Progress

LOGS = "logs"
_STAGE = "TWOFOLD STAGE "
_TAIL = 20


def project_scripts(project: Path) -> tuple[Script, ...]:
    """In the order in which they are run."""
    return tuple(BY_NAME[name] for name in json.loads((project / MANIFEST).read_text())["scripts"])


def missing_tools(project: Path) -> tuple[str, ...]:
    """Programs that the project's scripts need and that are not on PATH."""
    needed = dict.fromkeys(_program(script) for script in project_scripts(project))
    return tuple(name for name in needed if shutil.which(name) is None)


def commands(project: Path, jobs: int) -> tuple[str, ...]:
    """What to type to build the bitstream."""
    lines = [shlex.join(script.command(jobs, _program(script))) for script in project_scripts(project)]
    return (shlex.join(("cd", str(project / "vivado"))), *lines)


def implement(project: Path, jobs: int, progress: Progress = SILENT) -> Implemented:
    """Runs every script, and reads the reports back. What a tool says goes to vivado/logs.

    Raises UserError with the log's last lines when a tool fails.
    """
    for script in project_scripts(project):
        _run(project, script, jobs, progress)
    return read_reports(project / "vivado" / "reports")


def _program(script: Script) -> str:
    """The first of its programs that is on PATH; the newest release's if none is."""
    return next(filter(shutil.which, script.programs), script.programs[0])


def _run(project: Path, script: Script, jobs: int, progress: Progress) -> None:
    folder, program = project / "vivado", _program(script)
    log = folder / LOGS / f"{Path(script.name).stem}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as written, progress.task(f"{program}: {script.name}"):
        code = _followed(script.command(jobs, program), folder, written, progress)
    if code:
        lines = log.read_text().splitlines()[-_TAIL:]
        said = "\n".join(lines)
        raise UserError(f"{script.name}: {program} ended with {code}; {log} ends with:\n{said}")


def _followed(command: Sequence[str], folder: Path, log: TextIO, progress: Progress) -> int:
    """Copies what the command says to the log; a stage that it names is shown while it lasts."""
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = iter(process.stdout or ())
        stage = _copy_until_stage(lines, log)
        while stage:
            with progress.task(stage):
                stage = _copy_until_stage(lines, log)
    return process.returncode


def _copy_until_stage(lines: Iterator[str], log: TextIO) -> str:
    """The next stage's name, or nothing at the end."""
    for line in lines:
        log.write(line)
        if line.startswith(_STAGE):
            return line.removeprefix(_STAGE).strip()
    return ""
