"""Rows of a long comparison, each written when it is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twofold.errors import UserError
from twofold.files import write_atomically


@dataclass
class Ledger:
    """rows: name → what is known; key: of the inputs that all rows have. The file is whole at any moment."""

    path: Path
    key: str
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, key: str) -> Ledger:
        """The rows of an earlier run of the same inputs; none if there is no file.

        Raises UserError for a damaged file and for rows of other inputs.
        """
        if not path.is_file():
            return cls(path, key)
        try:
            content = json.loads(path.read_text())
            found, rows = content["key"], dict(content["rows"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise UserError(f"{path}: expected rows of an earlier run, cannot read them: {error}") from error
        if found != key:
            raise UserError(
                f"{path}: expected rows of the same network, data and options, found others; choose another "
                "folder with --out, or move this one away"
            )
        return cls(path, key, rows)

    def add(self, name: str, row: Mapping[str, Any]) -> None:
        """Raises UserError if the disk is full."""
        self.rows[name] = dict(row)
        content = {"key": self.key, "rows": self.rows}
        try:
            write_atomically(self.path, json.dumps(content, indent=2) + "\n")
        except OSError as error:
            raise UserError(f"{self.path}: cannot write: {error}; free space, run again") from error
