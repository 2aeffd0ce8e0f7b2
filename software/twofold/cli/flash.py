"""`twofold flash`: a built project onto its board."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.failures import FOUND_WRONG
from twofold.cli.output import print_json, print_rich, results_only

if TYPE_CHECKING:
    from twofold.boards.flash import Files
    from twofold.boards.flashing_ways import Jtag
    from twofold.boards.ssh import Target

EXAMPLE = "Example: twofold flash build/pynq --board pynq-z2 --host pynq --dry-run"


@dataclass(frozen=True)
class _Flashed:
    """steps: done, or in a dry run to do. said: by the loader or the self-test, None in a dry run. passed:
    the self-test, None without one.
    """

    steps: tuple[str, ...]
    said: str | None = None
    passed: bool | None = None


def flash(
    project: Annotated[Path, typer.Argument(help="A project that twofold build wrote and Vivado built.")],
    board: Annotated[str, typer.Option("--board", help="The board that it is for.")],
    host: Annotated[
        str | None,
        typer.Option("--host", help="Name or address of a board with PYNQ; of its image if not given."),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="Who logs in there; of its image if not given.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Of the SSH server.")] = 22,
    folder: Annotated[
        str | None, typer.Option("--folder", help="Where the files go; to Jupyter's if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print steps and result as JSON.")] = False,
) -> None:
    """Copy a project to a board with PYNQ over SSH and run its self-test, or load it over JTAG.

    Host keys are checked against known_hosts. A password is only asked for, in the terminal. Exit code 1 if
    the self-test fails.
    """
    with results_only():
        from twofold.boards.board_file import load_board
        from twofold.boards.flash import checked_files
        from twofold.boards.flashing_ways import Jtag
        from twofold.boards.ssh import Target

        target = load_board(board)
        files = checked_files(project, target)
        if isinstance(target.flash, Jtag):
            flashed = _over_jtag(target.flash, files, dry_run)
        else:
            way = target.flash
            there = Target(host or way.host, user or way.user, port, folder or way.folder)
            flashed = _over_ssh(files, there, dry_run)
    if json:
        print_json({"board": board, "dry_run": dry_run, **asdict(flashed)})
    else:
        print_rich(*_lines(flashed))
    if flashed.passed is False:
        raise typer.Exit(FOUND_WRONG)


def _lines(flashed: _Flashed) -> tuple[str, ...]:
    if flashed.passed is not None:
        return (f"self-test {'passed' if flashed.passed else 'failed'}: {flashed.said}",)
    return flashed.steps if flashed.said is None else (*flashed.steps, flashed.said)


def _over_jtag(jtag: Jtag, files: Files, dry_run: bool) -> _Flashed:
    import shlex

    from twofold.boards.openfpgaloader import jtag_command, load_over_jtag

    steps = (shlex.join(jtag_command(jtag, files.bitstream)),)
    return _Flashed(steps, None if dry_run else load_over_jtag(jtag, files.bitstream))


def _over_ssh(files: Files, target: Target, dry_run: bool) -> _Flashed:
    steps = (
        f"connect to {target.user}@{target.host}:{target.port}, whose host key must be known",
        *(f"copy {files.folder / name} to {target.folder}/{name}" for name in files.names),
        "compare the hashes of the copies, then rename them into place, the manifest last",
        "run the self-test as root and show its result",
    )
    if dry_run:
        return _Flashed(steps)
    from twofold.boards.ssh import flash_over_ssh
    from twofold.cli.progress_bars import shown

    tested = flash_over_ssh(files, target, lambda: _asked(target), shown())
    return _Flashed(steps, tested.text, tested.passed)


def _asked(target: Target) -> str | None:
    """The password, typed without an echo; None where nobody can be asked."""
    import getpass
    import sys

    if not sys.stdin.isatty():
        return None
    return getpass.getpass(f"password of {target.user}@{target.host}: ")
