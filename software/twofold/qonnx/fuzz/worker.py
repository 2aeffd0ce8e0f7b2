"""Imports mutants in a process of limited memory.

`python -m twofold.qonnx.fuzz.worker SEED FIRST LAST EVERY FOLDER`

Before each mutant a line with its number, after it a line with the outcome and what was said, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from twofold.errors import UserError
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.network.describe import total_macs
from twofold.qonnx.executor import run_executor
from twofold.qonnx.fuzz.mutations import mutated
from twofold.qonnx.fuzz.outcome import Outcome
from twofold.qonnx.fuzz.seeds import seeds
from twofold.qonnx.importer.load import Imported, import_file

MEMORY = 1 << 30
"""Bytes beyond what the process has after its imports."""
_CHECKED_MACS = 1 << 24
_CHECKED_ELEMENTS = 1 << 20
_FRAMES = 3


def tried(seed: int, number: int, every: int, path: Path) -> tuple[Outcome, str]:
    """Mutant `number`: what came of it, and what was said. path: where it is written."""
    random = np.random.default_rng((seed, number))
    models = sorted(seeds().items())
    path.write_bytes(mutated(models[int(random.integers(len(models)))][1], random))
    try:
        with opened() as files:
            imported = import_file(path)
    except UserError as error:
        text = str(error)
        return (Outcome.REFUSED, text) if "\n" not in text else (Outcome.ERROR, f"two lines: {text!r}")
    except MemoryError as error:
        return Outcome.MEMORY, str(error)
    except Exception as error:  # what is looked for: errors that are none of ours
        return Outcome.ERROR, f"{type(error).__name__}: {error}"
    strange = [name for name in files if name != str(path)]
    if strange:
        return Outcome.OUTSIDE, ", ".join(strange)
    return compared(path, imported, random) if number % every == 0 else (Outcome.ACCEPTED, "")


def compared(path: Path, imported: Imported, random: np.random.Generator) -> tuple[Outcome, str]:
    """Golden and the executor on a few frames, every tensor that both have."""
    network, reader = imported.network, imported.reader
    elements = max(tensor.elements for tensor in network.tensors.values())
    if total_macs(network) > _CHECKED_MACS or elements > _CHECKED_ELEMENTS:
        return Outcome.UNCHECKED, "too large to execute"
    try:
        codes = random.choice(reader.codes, (_FRAMES, *network.input.shape))
        found = run_executor(path, network, codes, reader.images_of(codes), imported.views)
    except (UserError, MemoryError) as error:
        return Outcome.UNCHECKED, str(error)
    golden, output = execute(network, codes), (network.output_name,)
    check = compare(path.name, ("golden", golden), ("qonnx", found), output)
    return (Outcome.CHECKED, "") if check.status is Status.PASS else (Outcome.WRONG, check.detail)


class _Opened:
    """Audits what is opened while it is on; Python has no way to take an audit away again."""

    def __init__(self) -> None:
        self.files: list[str] | None = None
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.files is not None and event == "open" and not _is_code(str(arguments[0])):
            self.files.append(str(arguments[0]))


_OPENED = _Opened()


@contextmanager
def opened() -> Iterator[list[str]]:
    """The files that are opened inside, source code aside."""
    files: list[str] = []
    _OPENED.files = files
    try:
        yield files
    finally:
        _OPENED.files = None


def _is_code(name: str) -> bool:
    return Path(name).suffix in (".py", ".pyc", ".so")


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main(arguments: list[str]) -> None:
    seed, first, last, every = map(int, arguments[:4])
    path = Path(arguments[4]) / "mutant.onnx"
    _limit_memory()
    for number in range(first, last):
        print(json.dumps([number]), flush=True)
        outcome, text = tried(seed, number, every, path)
        print(json.dumps([number, outcome, text]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
