"""Registers by name."""

from __future__ import annotations

from typing import Any

from twofold_runtime.links import Link


class Registers:
    """entries: what registers.json lists."""

    def __init__(self, link: Link, entries: list[dict[str, Any]]):
        self._link = link
        self._entries = {entry["name"]: entry for entry in entries}

    def read(self, name: str) -> int:
        return self._link.read(self._entries[name]["offset"])

    def write(self, name: str, value: int) -> None:
        self._link.write(self._entries[name]["offset"], int(value))

    def reset(self, name: str) -> int:
        return self._entries[name]["reset"]

    def bit(self, register: str, field: str) -> int:
        """A mask of the field's lowest bit."""
        return 1 << self._entries[register]["fields"][field]["low"]

    def field(self, register: str, field: str, value: int) -> int:
        """The field in a register's value."""
        entry = self._entries[register]["fields"][field]
        return value >> entry["low"] & (1 << entry["width"]) - 1

    def values(self, register: str, field: str) -> dict[str, list[str]]:
        """Number → (name, meaning) of a field's values that have one."""
        return self._entries[register]["fields"][field]["values"]
