"""The processes of a sweep on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from twofold.errors import UserError
from twofold.sweep.crew import Alive, Crew
from twofold.sweep.job import Job, run

#: The address of a cluster that is started on this machine and ended with the sweep.
LOCAL = "local"
#: Of such a cluster. Ray's own niceness of 15 starves its tasks beside any other program: importing PyTorch
#: then takes minutes.
_OWN = {"include_dashboard": False, "_system_config": {"worker_niceness": 0}}


def on_ray(address: str, count: int) -> Crew:
    """So many tasks of one core each. address: of a cluster, as of `ray.init`; LOCAL for one of its own.

    Raises UserError if Ray is not installed or the cluster does not answer, and, with the reason, once all
    tasks have ended and one of them did with an error.
    """
    ray = _imported()

    @contextmanager
    def crew(job: Job) -> Iterator[Alive]:
        _connect(ray, address, count)
        try:
            task = ray.remote(num_cpus=1, max_retries=0)(run)
            tasks = [task.remote(replace(job, threads=1)) for _ in range(count)]
            yield lambda: _alive(ray, tasks)
        finally:
            ray.shutdown()

    return crew


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UserError(
            "--ray: expected the package ray, found none; pip install 'twofold[ray]', or sweep without it"
        ) from error
    return ray


def _connect(ray: Any, address: str, count: int) -> None:
    own = {"num_cpus": count, **_OWN} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, **own)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"--ray {address}: expected a cluster that answers, got: {reason}") from error


def _alive(ray: Any, tasks: Sequence[Any]) -> int:
    ended, left = ray.wait(tasks, num_returns=len(tasks), timeout=0)
    if left:
        return len(left)
    try:
        ray.get(ended)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"--ray: expected tasks that go on, all have ended, one with: {reason}") from error
    return 0
