"""A node that a host executes after a network, in words and as a board's runtime does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from twofold.network.host import HostStep
from twofold.qonnx.importer.steps import AtLeast, AtMost, DividedBy, Plus, Step, Times

_KINDS: Mapping[type[Step], str] = MappingProxyType(
    {Times: "times", DividedBy: "divided_by", Plus: "plus", AtLeast: "at_least", AtMost: "at_most"}
)


@dataclass(frozen=True)
class HostPart:
    """source: the node, as messages call it. step: what it does, None if that has no description."""

    source: str
    step: HostStep | None


def host_step(step: Step) -> HostStep | None:
    """The step as a runtime does it; None for one that has no description."""
    if type(step) not in _KINDS:
        return None
    numbers = step.constant[:1] if step.is_uniform else step.constant
    return HostStep(_KINDS[type(step)], tuple(numbers.astype(np.float64).tolist()))
