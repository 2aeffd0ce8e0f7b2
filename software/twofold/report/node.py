"""A value of a JSON document together with the path to it, so that every refusal says where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from twofold.errors import UserError


@dataclass(frozen=True)
class Node:
    """value: anything that json.loads gives. path: such as `models.apot.accuracy`; empty at the root.

    Every method raises `UserError` if the value is of another kind than the method's.
    """

    value: Any
    path: str = ""

    def __getitem__(self, key: str) -> Node:
        if not isinstance(self.value, dict):
            self.refuse(f"an object with the field {key!r}")
        if key not in self.value:
            self.refuse(f"the field {key!r}", f"the fields {', '.join(map(str, self.value)) or '(none)'}")
        return Node(self.value[key], f"{self.path}.{key}" if self.path else key)

    def get(self, key: str) -> Node | None:
        """The field, or None if it is absent or null."""
        if not isinstance(self.value, dict):
            self.refuse(f"an object that may have the field {key!r}")
        return None if self.value.get(key) is None else self[key]

    def fields(self) -> Iterator[tuple[str, Node]]:
        if not isinstance(self.value, dict):
            self.refuse("an object")
        return ((key, self[key]) for key in self.value)

    def elements(self) -> Iterator[Node]:
        if not isinstance(self.value, list):
            self.refuse("a list")
        return (Node(value, f"{self.path}[{index}]") for index, value in enumerate(self.value))

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.refuse("a text")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self.refuse("true or false")
        return self.value

    def count(self) -> int:
        """An integer of at least 0."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            self.refuse("an integer of at least 0")
        return self.value

    def maybe_count(self) -> int | None:
        return None if self.value is None else self.count()

    def number(self) -> float:
        """A finite number of at least 0."""
        number = self.maybe_number()
        if number is None:
            self.refuse("a finite number")
        return number

    def maybe_number(self) -> float | None:
        """A number of at least 0; None for null and for NaN, which both say `not known`."""
        if self.value is None:
            return None
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            self.refuse("a number or null")
        if math.isnan(self.value):
            return None
        if self.value < 0 or math.isinf(self.value):
            self.refuse("a finite number of at least 0")
        return float(self.value)

    def maybe_fraction(self) -> float | None:
        """A number from 0 to 1, null or NaN."""
        number = self.maybe_number()
        if number is not None and number > 1:
            self.refuse("a fraction from 0 to 1")
        return number

    def maybe_percentage(self) -> float | None:
        """A number from 0 to 100, null or NaN."""
        number = self.maybe_number()
        if number is not None and number > 100:
            self.refuse("a percentage from 0 to 100")
        return number

    def refuse(self, expected: str, found: str | None = None) -> NoReturn:
        where = self.path or "the document"
        raise UserError(f"report: {where}: expected {expected}, found {found or repr(self.value)[:60]}")
