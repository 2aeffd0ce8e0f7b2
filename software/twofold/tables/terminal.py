"""Published figures beside ours, as tables in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from twofold.tables.compression import NETWORKS, Compression
from twofold.tables.published import AccuracyTable, Column
from twofold.tables.results import ACCURACY, Result

UNKNOWN = "–"
OURS = "ours"
_PRINTED = {**NETWORKS, "resnet8": "ResNet-8", "demo": "demo"}


def compression_table(published: Mapping[str, Compression], ours: Mapping[str, Compression]) -> Table:
    """One row a network; bold where ours differs in print."""
    table = _table("Compression: 30% of the filters pruned, 4 bit, first and last layer 8 bit", "network")
    for name in ("float32, MB", "times smaller", "times fewer bit operations"):
        table.add_column(name, justify="right")
        table.add_column(OURS, justify="right")
    for network, printed in published.items():
        pairs = zip(printed.as_json().values(), ours[network].as_json().values(), strict=True)
        table.add_row(network, *(cell for pair in pairs for cell in _beside(*pair)))
    return table


def accuracy_table(published: AccuracyTable, results: Sequence[Result]) -> Table:
    """One row a network, top-1 in percent; ours only where the column has a recipe of ours."""
    source = f"\n{published.source}" if published.source else ""
    table = _table(f"{published.title}, top-1 in %{source}", "network")
    for column in published.columns:
        table.add_column(column.label, justify="right")
        if column.recipe is not None:
            table.add_column(OURS, justify="right")
    for network, figures in published.rows.items():
        cells: list[str] = []
        for column, figure in zip(published.columns, figures, strict=True):
            cells.append(UNKNOWN if figure is None else f"{figure:.2f}")
            if column.recipe is not None:
                cells.append(_ours(published.dataset, network, column, results))
        table.add_row(network, *cells)
    return table


def results_table(results: Sequence[Result]) -> Table:
    """Every trained result and what repeats it."""
    table = _table(
        "Trained here, in order; accuracy of the exported integer model on the test part", "network"
    )
    for name in ("recipe", "data"):
        table.add_column(name)
    for name in ("samples", "seed", "epochs", "minutes", "top-1 %"):
        table.add_column(name, justify="right")
    table.add_column("command")
    for result in results:
        table.add_row(
            printed_name(result.network),
            result.recipe,
            result.dataset,
            f"{result.samples:,}",
            str(result.seed),
            str(result.epochs),
            f"{result.minutes:.0f}",
            f"{result.figures[ACCURACY]:.2f}",
            Text(result.command),
        )
    return table


def printed_name(network: str) -> str:
    return _PRINTED.get(network, network)


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    return table


def _beside(printed: float, ours: float) -> tuple[Text, Text]:
    style = "" if printed == ours else "bold yellow"
    return Text(f"{printed:.2f}"), Text(f"{ours:.2f}", style=style)


def _ours(dataset: str, network: str, column: Column, results: Sequence[Result]) -> str:
    """The latest result of the network and the column's recipe."""
    for result in reversed(results):
        if (result.dataset, printed_name(result.network), result.recipe) == (dataset, network, column.recipe):
            return f"{result.figures[ACCURACY]:.2f}"
    return UNKNOWN
