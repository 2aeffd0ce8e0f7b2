"""How close a network's integers are to the executor's, as proven at its import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EXACT, APPROXIMATE = "exact", "approximate"


@dataclass(frozen=True)
class Exactness:
    """bounds: op → the most by which its codes may differ from the executor's on equal inputs.

    Ops that are not in it are exact.
    """

    bounds: Mapping[str, int] = field(default_factory=dict)

    @property
    def word(self) -> str:
        return APPROXIMATE if self.bounds else EXACT

    @property
    def line(self) -> str:
        """For people, with each approximate layer by name."""
        if not self.bounds:
            return f"{EXACT}: every integer is the executor's, proven in its float32 arithmetic"
        bounds = ", ".join(f"{name} ±{codes}" for name, codes in self.bounds.items())
        return f"{APPROXIMATE}: codes that differ from the executor's on equal inputs at most by: {bounds}"

    def as_json(self) -> dict[str, Any]:
        return {"class": self.word, "bounds": dict(self.bounds)}
