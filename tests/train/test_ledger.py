"""Rows that outlive a stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.train.ledger import Ledger


def test_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    Ledger.open(path, "key").add("first", {"accuracy": 1.5})
    assert Ledger.open(path, "key").rows == {"first": {"accuracy": 1.5}}


def test_rows_of_other_inputs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    Ledger.open(path, "key").add("first", {})
    with pytest.raises(UserError, match="found others; choose another folder"):
        Ledger.open(path, "other")


@pytest.mark.parametrize("text", ["{", "[]", '{"key": "key"}'])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"rows\.json: expected rows of an earlier run"):
        Ledger.open(path, "key")
