"""`twofold show`: what a model is made of, and where its layers run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.choices import Approximate, Model
from twofold.cli.output import print_json, print_rich, results_only, word_table

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.overview import Overview

EXAMPLE = "Example: twofold show model.onnx"
_COLUMNS = ("layer", "kind", "shape", "type", "weights", "MACs", "runs on", "codes")


def show(
    model: Model,
    approximate: Approximate = False,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Print a model's layers: types, scales, widths, multiplications, and where each of them runs."""
    with results_only():
        import twofold.api as api

        seen = api.show(model, approximate)
    if json:
        print_json(seen.as_json())
    else:
        print_rich(*_summary(seen), _table(seen))


def _summary(seen: Overview) -> list[str]:
    from twofold.network.describe import total_macs
    from twofold.network.digest import digest

    network = seen.network
    lines = [
        f"{network.name}: {_tensor(network.input.shape, network.input.type)} → "
        f"{_tensor(network.output.shape, network.output.type)}, {total_macs(network):,} MACs a frame"
    ]
    lines += seen.imported.host_work.lines
    lines += [f"no engine executes it: {seen.obstacle}"] if seen.obstacle else []
    return [*lines, seen.imported.exactness.line, f"digest: {digest(network)}"]


def _tensor(shape: tuple[int, ...], type_: object) -> str:
    return f"{'×'.join(map(str, shape))} {type_}"


def _table(seen: Overview) -> Table:
    table = word_table(*_COLUMNS)
    table.columns[_COLUMNS.index("MACs")].justify = "right"
    for line in seen.lines:
        name, kind, shape, type_, macs = line.row.cells
        weights = "" if line.weight_bits is None else f"{line.weight_bits} bits"
        codes = f"±{line.bound}" if line.bound else "exact"
        table.add_row(name, kind, shape, type_, weights, macs, line.where, codes)
    return table
