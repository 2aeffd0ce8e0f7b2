"""Attributes of a node, by type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twofold.qonnx.importer.source import Node


class Attributes:
    """The attributes of `node`, whose names its operator knows (`twofold.qonnx.importer.dispatch`)."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def integer(self, name: str, default: int | None = None) -> int:
        """default: what the operator's specification says; None if the attribute is required."""
        return self._typed(name, int, "an integer", default)

    def number(self, name: str, default: float) -> float:
        value = self._typed(name, (int, float), "a number", default)
        return float(value)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._typed(name, (bytes, str), "a text", default)
        return value.decode(errors="replace") if isinstance(value, bytes) else value

    def integers(self, name: str, count: int, default: Sequence[int] | None = None) -> tuple[int, ...]:
        """`count` integers."""
        values = tuple(self._typed(name, (list, tuple), f"{count} integers", default))
        if len(values) != count or not all(isinstance(value, int) for value in values):
            raise self._wrong(name, list(values), f"{count} integers")
        return values

    def require(self, name: str, found: object, *supported: object) -> None:
        """Raises RefusalError unless `found` is one of the supported values."""
        if found not in supported:
            raise self._wrong(name, repr(found), " or ".join(repr(value) for value in supported))

    def _typed(self, name: str, kind: Any, expected: str, default: Any) -> Any:
        value = self._node.attributes.get(name, default)
        if value is None:
            raise self._wrong(name, "none", expected)
        if not isinstance(value, kind):
            raise self._wrong(name, repr(value), expected)
        return value

    def _wrong(self, name: str, found: object, supported: str) -> Exception:
        return self._node.refuse(
            f"attribute {name}",
            found,
            supported,
            "change the layer so that it is exported with a supported value",
        )
