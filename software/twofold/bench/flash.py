"""Flashing with the real tools: `python -m twofold.bench.flash`, without a board.

ResNet-8's project for the PYNQ-Z2 goes over SSH to OpenSSH's sshd on loopback, with keys, configuration and
port of its own, and a stand-in for PYNQ behind it; the bitstream is random bytes. openFPGALoader's list of
boards is compared with the names in our board files. Rows are written to build/bench/flash.json. Ends with
code 1 if a check fails, or if a tool is not there.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from twofold.boards.board_file import board_names, load_board
from twofold.boards.flash import Files, checked_files
from twofold.boards.flash_check import openssh
from twofold.boards.flash_check.checks import CHECKS
from twofold.boards.flash_check.stand_in import StandIn, finished
from twofold.boards.flashing_ways import Jtag
from twofold.boards.openfpgaloader import known_boards, loader_version
from twofold.building.named import imported_of
from twofold.building.projects import write_engine_project
from twofold.errors import UserError, ends_in_a_line
from twofold.files import write_atomically

OUT = Path("build/bench/flash.json")
WORK = Path("build/bench/flash")
BOARD, NETWORK = "pynq-z2", "resnet8"
BITSTREAM_BYTES = 4_045_564
"""Of an XC7Z020 (AMD UG585, "Bitstream Length")."""


@dataclass(frozen=True)
class FlashRow:
    """tool: with its version, or what it is. detail: what is wrong, or what was looked at."""

    tool: str
    check: str
    passed: bool
    detail: str
    seconds: float

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.tool}: {self.check}: {'passed' if self.passed else 'FAILED'} ({self.detail})"


@ends_in_a_line()
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    rows = []
    for row in (*loader_rows(), *server_rows()):
        print(row.line, flush=True)
        rows.append(row)
    write_atomically(given.out, json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    sys.exit(int(not all(row.passed for row in rows)))


def loader_rows() -> Iterator[FlashRow]:
    """A row for each board that openFPGALoader loads; one that says so if it is not there."""
    ways = {name: load_board(name).flash for name in board_names()}
    try:
        tool, known = loader_version(), known_boards()
    except UserError as error:
        yield FlashRow("openFPGALoader", "is there", False, str(error), 0)
        return
    for name, way in ways.items():
        if isinstance(way, Jtag):
            passed = way.openfpgaloader in known
            detail = f"{way.openfpgaloader}, one of {len(known)}" if passed else f"no {way.openfpgaloader}"
            yield FlashRow(tool, f"knows {name}", passed, detail, 0)


def server_rows() -> Iterator[FlashRow]:
    """A row for each check of a copy over SSH; one that says so if there is no server."""
    try:
        sshd = openssh.find_sshd()
        files = project_files(WORK)
        with (
            tempfile.TemporaryDirectory() as home,
            openssh.serving(sshd, StandIn.make(Path(home))) as server,
        ):
            detail = f"{len(files.names)} files, {size_of(files):,} bytes"
            for name, check in CHECKS.items():
                yield row(openssh.version(sshd), name, detail, partial(check, server, files))
    except UserError as error:
        yield FlashRow("sshd", "is there", False, str(error), 0)


def row(tool: str, name: str, detail: str, check: Callable[[], None]) -> FlashRow:
    start = time.perf_counter()
    try:
        check()
    except (AssertionError, UserError) as error:
        return FlashRow(tool, name, False, str(error), round(time.perf_counter() - start, 2))
    return FlashRow(tool, name, True, detail, round(time.perf_counter() - start, 2))


def project_files(work: Path) -> Files:
    """Of the network's project, as after the Vivado build."""
    board = load_board(BOARD)
    write_engine_project(imported_of(NETWORK), board, work)
    finished(work, random.Random(0).randbytes(BITSTREAM_BYTES))
    return checked_files(work, board)


def size_of(files: Files) -> int:
    return sum((files.folder / name).stat().st_size for name in files.names)


if __name__ == "__main__":
    main()
