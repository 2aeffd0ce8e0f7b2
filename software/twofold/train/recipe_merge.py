"""A recipe that says only what differs from another one."""

from __future__ import annotations

from dataclasses import fields

from twofold.train.recipe_kinds import SELECTORS
from twofold.train.recipe_tables import Table


def merged(table: Table, changes: Table) -> Table:
    """The keys of `table`, overruled by those of `changes`, table by table. A table that is false is left
    out, and so are keys of a section that is of another kind now, if this kind has no such keys.
    """
    result = dict(table)
    for key, value in changes.items():
        before = table.get(key)
        if isinstance(before, dict) and value is False:
            del result[key]
        elif isinstance(before, dict) and isinstance(value, dict):
            result[key] = merged(_of_same_kind(key, before, value), value)
        else:
            result[key] = value
    return result


def _of_same_kind(section: str, before: Table, changes: Table) -> Table:
    """What of `before` goes along with the kind that `changes` name."""
    selector, kinds = SELECTORS.get(section, ("", {}))
    word = changes.get(selector)
    if selector not in before or before[selector] == word or not isinstance(word, str) or word not in kinds:
        return before
    of_others = set().union(*map(_keys, kinds.values())) - _keys(kinds[word])
    return {key: value for key, value in before.items() if key not in of_others}


def _keys(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}
