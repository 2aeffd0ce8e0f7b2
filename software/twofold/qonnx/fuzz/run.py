"""Runs the worker over many mutants; starts it again behind one that ends or stops it."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twofold.qonnx.fuzz.outcome import FAULTS, Outcome

PATIENCE = 30.0
"""Seconds for one mutant."""
_START = 120.0
"""Seconds for the worker's own imports."""


@dataclass
class Tally:
    """faults: (number of the mutant, outcome, what was said)."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, number: int, outcome: Outcome, text: str) -> None:
        self.counts[outcome] += 1
        if outcome in FAULTS:
            self.faults.append((number, str(outcome), text[:300]))


def fuzz(seed: int, mutants: int, every: int = 5, seconds: float = float("inf")) -> Tally:
    """Mutants 0 to `mutants` − 1 of a seed, as many as fit in `seconds`.

    every: an accepted mutant whose number is a multiple of it is compared with the executor.
    """
    tally, first, end = Tally(), 0, time.monotonic() + seconds
    while first < mutants and time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            first = _watched(seed, first, mutants, every, Path(folder), end, tally)
    return tally


def _watched(seed: int, first: int, mutants: int, every: int, folder: Path, end: float, tally: Tally) -> int:
    """One worker until it is done, dies, hangs, or time is up; the number to go on with."""
    words = [
        sys.executable,
        "-m",
        "twofold.qonnx.fuzz.worker",
        *map(str, (seed, first, mutants, every, folder)),
    ]
    number = first - 1
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        try:
            started = time.monotonic()
            for line in _lines(worker, _START if number < first else PATIENCE):
                now = time.monotonic()
                if len(line) == 1:
                    number, started = line[0], now
                    continue
                tally.slowest = max(tally.slowest, now - started)
                tally.add(line[0], Outcome(line[1]), line[2])
                if now > end:
                    return mutants
                if line[0] == mutants - 1:
                    return mutants
            tally.add(number, Outcome.CRASH, f"the process ended with {worker.wait()}")
        except TimeoutError:
            tally.add(number, Outcome.HANG, f"nothing for {PATIENCE} s")
        finally:
            worker.kill()
    return number + 1


def _lines(worker: subprocess.Popen[bytes], patience: float) -> Iterator[list[Any]]:
    """What the worker says, as soon as it does. Raises TimeoutError if it says nothing for long."""
    assert worker.stdout is not None
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        while selector.select(patience):
            data = os.read(worker.stdout.fileno(), 1 << 16)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            yield from map(json.loads, lines)
            patience = PATIENCE
    raise TimeoutError
