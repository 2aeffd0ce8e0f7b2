"""Writes the importer's table of operators into docs/network.md: `python -m twofold.qonnx.importer.page`."""

from __future__ import annotations

from pathlib import Path

from twofold.files import write_atomically
from twofold.qonnx.importer.dispatch import CORE, QUANTISATION, Operator

PAGE = Path("docs/network.md")
HEADER = "| operator | attributes | supported |\n| --- | --- | --- |\n"


def table() -> str:
    """A row for each operator that the importer takes, as it checks them."""
    operators = [*QUANTISATION.items(), *CORE.items()]
    return HEADER + "".join(_row(name, operator) for name, operator in operators)


def _row(name: str, operator: Operator) -> str:
    attributes = ", ".join(f"`{attribute}`" for attribute in operator.attributes)
    return f"| `{name}` | {attributes} | {operator.supported} |\n".replace("|  |", "| |")


def with_table(page: str) -> str:
    """The page with its table of operators replaced. Raises ValueError if it has none."""
    before, header, rest = page.partition(HEADER)
    if not header:
        raise ValueError("expected a table of operators, found none")
    lines = rest.splitlines(keepends=True)
    after = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return before + table() + "".join(lines[after:])


if __name__ == "__main__":
    write_atomically(PAGE, with_table(PAGE.read_text()).encode())
