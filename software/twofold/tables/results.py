"""The results file: one row for every network that was trained and measured."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from twofold.errors import UserError
from twofold.files import make_folder, write_atomically

RESULTS = Path("docs/results.json")
"""Where the project keeps its rows."""
ACCURACY = "accuracy"
"""The figure that every row has: percent of `samples` test images that the exported integers get right, or
the network itself where there are none."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "network": (str,),
    "recipe": (str,),
    "dataset": (str,),
    "command": (str,),
    "seed": (int,),
    "epochs": (int,),
    "minutes": (int, float),
    "samples": (int,),
    "figures": (dict,),
    "commit": (str,),
}


_OF_A_WHEEL = Path(__file__).with_name(RESULTS.name)
_OF_A_CLONE = Path(__file__).parents[3] / RESULTS


def shipped() -> Path:
    """The project's rows as they come with twofold, in whatever folder it is called."""
    return _OF_A_WHEEL if _OF_A_WHEEL.is_file() else _OF_A_CLONE


@dataclass(frozen=True)
class Result:
    """A training run and what came of it.

    network: a name of the catalogue; command: repeats the run; epochs: of all stages together; minutes: of
    training, resumed runs added up; samples: images of the test part; figures: name → number, ACCURACY
    (of the frozen, exported model run by the golden model if there is one) among them; commit: of the code
    that trained, empty if it was in no repository.
    """

    network: str
    recipe: str
    dataset: str
    command: str
    seed: int
    epochs: int
    minutes: float
    samples: int
    figures: Mapping[str, float]
    commit: str = ""


def read(path: Path = RESULTS) -> tuple[Result, ...]:
    """All rows in the order in which they were added; none if there is no file.

    Raises UserError, naming row and field, for a file that `append` did not write.
    """
    if not path.is_file():
        return ()
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"{path}: expected JSON, got: {error}; restore the file") from error
    if not isinstance(document, list):
        raise UserError(f"{path}: expected a list of results, found {type(document).__name__}")
    return tuple(_result(f"{path}: result {number}", row) for number, row in enumerate(document, 1))


def append(result: Result, path: Path = RESULTS) -> None:
    """Adds a row, in place of an earlier one of the same command, seed and number of samples (another number
    is another copy of the data); the file is whole at any moment, also if several processes add rows at once.

    Raises UserError if the file is damaged or cannot be written, or if the row has no ACCURACY.
    """
    _result("result", asdict(result))
    make_folder(path.parent)
    with _locked(path.parent):
        others = [row for row in read(path) if _run(row) != _run(result)]
        rows = [asdict(row) for row in (*others, result)]
        write_atomically(path, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def _run(result: Result) -> tuple[str, int, int]:
    return result.command, result.seed, result.samples


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time; the kernel unlocks when the process ends, however it ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _result(where: str, row: Any) -> Result:
    names = [field.name for field in fields(Result)]
    if isinstance(row, dict):
        row = {"commit": ""} | row
    if not isinstance(row, dict) or sorted(row) != sorted(names):
        found = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
        raise UserError(f"{where}: expected the fields {', '.join(names)}, found {found}")
    for name, types in _TYPES.items():
        if not isinstance(row[name], types) or isinstance(row[name], bool):
            expected = " or ".join(type_.__name__ for type_ in types)
            raise UserError(f"{where}: {name}: expected {expected}, found {row[name]!r}")
    for name, figure in row["figures"].items():
        if not isinstance(figure, int | float) or isinstance(figure, bool):
            raise UserError(f"{where}: figures: {name}: expected a number, found {figure!r}")
    if ACCURACY not in row["figures"]:
        raise UserError(f"{where}: figures: expected {ACCURACY} among them, found none")
    return Result(**row)
