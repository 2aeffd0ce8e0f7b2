"""Element-by-element equality of two sets of integers, with no tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np

from twofold.network.types import IntArray


class Status(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Deviation:
    """A tensor with a proven bound. differing: how many of its integers do; largest: by how much at most."""

    bound: int
    differing: int
    largest: int


@dataclass(frozen=True)
class Check:
    """What came of comparing a candidate's integers with a reference's.

    elements: compared integers over all frames and tensors; mismatches: how many of them differ.
    tensors: what the candidate showed, in order of execution. wrong: tensor → how many of its integers
    differ. detail: the first difference, or why the check did not run; empty if it passed.
    deviations: tensors that may differ within a proven bound, each on equal inputs; beyond it they are wrong.
    """

    model: str
    reference: str
    candidate: str
    status: Status
    frames: int
    elements: int
    mismatches: int
    tensors: tuple[str, ...] = ()
    detail: str = ""
    wrong: Mapping[str, int] = field(default_factory=dict)
    deviations: Mapping[str, Deviation] = field(default_factory=dict)

    @classmethod
    def not_run(cls, model: str, reference: str, candidate: str, reason: str) -> Check:
        return cls(model, reference, candidate, Status.NOT_RUN, 0, 0, 0, (), reason)

    @classmethod
    def failed(cls, model: str, reference: str, candidate: str, reason: str) -> Check:
        """A candidate that stopped before it gave integers."""
        return cls(model, reference, candidate, Status.FAIL, 0, 0, 0, (), reason)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"status": str(self.status), "tensors": list(self.tensors)}


def compare(
    model: str,
    reference: tuple[str, Mapping[str, IntArray]],
    candidate: tuple[str, Mapping[str, IntArray]],
    required: tuple[str, ...],
    bounds: Mapping[str, int] = MappingProxyType({}),
) -> Check:
    """Compares every tensor of the candidate with the reference's tensor of the same name.

    reference, candidate: (name, tensor name → int64 [N, ...]), the reference's in order of execution.
    required: tensors that the candidate must have, the network's output among them. A tensor that is missing,
    of another shape, or unknown to the reference fails the check, and so does a check of no element.
    bounds: tensor → by how much its integers may differ.
    """
    (reference_name, expected), (candidate_name, found) = reference, candidate
    order = {name: place for place, name in enumerate(expected)}
    elements = frames = 0
    wrong = {name: 1 for name in required if name not in found}
    details = [f"{name}: missing" for name in wrong]
    shown = sorted(found, key=lambda name: order.get(name, len(order)))
    for name in shown:
        values = found[name]
        if name in expected and expected[name].shape == values.shape:
            frames, elements = len(values), elements + values.size
        differing, detail = _difference(name, expected.get(name), values, bounds.get(name, 0))
        if detail:
            wrong[name] = differing
            details.append(detail)
    status = Status.PASS if elements and not wrong else Status.FAIL
    mismatches = sum(wrong.values())
    return Check(
        model,
        reference_name,
        candidate_name,
        status,
        frames,
        elements,
        mismatches,
        tuple(shown),
        details[0] if details else "",
        wrong,
        _deviations(expected, found, bounds),
    )


def _deviations(
    expected: Mapping[str, IntArray], found: Mapping[str, IntArray], bounds: Mapping[str, int]
) -> dict[str, Deviation]:
    deviations = {}
    for name, bound in bounds.items():
        if name in expected and name in found and expected[name].shape == found[name].shape:
            difference = np.abs(found[name].astype(np.float64) - expected[name])
            deviations[name] = Deviation(bound, int((difference > 0).sum()), int(difference.max(initial=0)))
    return deviations


def _difference(name: str, expected: IntArray | None, found: IntArray, bound: int) -> tuple[int, str]:
    """How many elements differ, all of them if the shapes do; the first difference in words, "" if none."""
    if expected is None:
        return found.size, f"{name}: shape {list(found.shape)}, expected no such tensor"
    if expected.shape != found.shape:
        return found.size, f"{name}: shape {list(found.shape)}, expected {list(expected.shape)}"
    differ = (found < expected - bound) | (found > expected + bound)
    if not differ.any():
        return 0, ""
    at = tuple(int(index) for index in np.argwhere(differ)[0])
    return int(differ.sum()), f"{name}{list(at)}: expected {expected[at]}, found {found[at]}"
