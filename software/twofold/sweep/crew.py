"""The processes of a sweep on this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from twofold.sweep.job import Job, run

#: Says how many workers are still at it.
Alive = Callable[[], int]
#: Starts workers on a job and, when the block ends, ends those that are left.
Crew = Callable[[Job], AbstractContextManager[Alive]]


def processes(count: int) -> Crew:
    """So many, each with an interpreter of its own."""

    @contextmanager
    def crew(job: Job) -> Iterator[Alive]:
        context = multiprocessing.get_context("spawn")
        started = [context.Process(target=run, args=(job,), daemon=True) for _ in range(count)]
        for process in started:
            process.start()
        try:
            yield lambda: sum(process.is_alive() for process in started)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.join()

    return crew
