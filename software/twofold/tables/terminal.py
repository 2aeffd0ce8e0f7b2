"""Published figures beside ours, as tables in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from twofold.tables.aligned import Aligned
from twofold.tables.compression import NETWORKS, Compression
from twofold.tables.orders import Variant
from twofold.tables.published import IMAGENET_SOURCE, PAPER, AccuracyTable
from twofold.tables.results import ACCURACY, Result

UNKNOWN = "–"
NOT_TRAINED = "not trained"
NOT_RUN = "not run, needs ImageNet"
OURS = "ours"
_WHOLE_TEST_PART = 10_000
"""Images of CIFAR-10's; figures of fewer are of the re-encoded copy that docs/results.md describes."""
_OF_COPY = "*"
_EXPLAINED = f"{_OF_COPY} trained and tested on a re-encoded copy of the data"
_PRINTED = {
    **NETWORKS,
    "resnet8": "ResNet-8",
    "resnet18": "ResNet-18",
    "resnet50": "ResNet-50",
    "small_cnn": "small CNN",
}


def compression_table(published: Mapping[str, Compression], ours: Mapping[str, Compression]) -> Group:
    """One row a network; bold where ours differs in print."""
    table = _table("network")
    for name in ("float32, MB", "times smaller", "times fewer bit operations"):
        table.add_column(name, justify="right")
        table.add_column(OURS, justify="right")
    for network, printed in published.items():
        pairs = zip(printed.as_json().values(), ours[network].as_json().values(), strict=True)
        table.add_row(network, *(cell for pair in pairs for cell in _beside(*pair)))
    return _titled("Compression: 30% of the filters pruned, 4 bit, first and last layer 8 bit", PAPER, table)


def accuracy_table(published: AccuracyTable, results: Sequence[Result]) -> Group:
    """One row a network, top-1 in percent; ours only where the column has a recipe of ours."""
    table = _table("network")
    for column in published.columns:
        table.add_column(column.label, justify="right")
        if column.recipes:
            table.add_column(OURS, justify="right")
    for network, figures in published.rows.items():
        cells: list[str] = []
        for column, figure in zip(published.columns, figures, strict=True):
            cells.append(UNKNOWN if figure is None else f"{figure:.2f}")
            if column.recipes:
                cells.append(_ours(published.dataset, network, column.recipes, results))
        table.add_row(network, *cells)
    return _titled(f"{published.title}, top-1 in %; {_EXPLAINED}", published.source, table)


def aligned_table(network: str, rows: Sequence[Aligned], results: Sequence[Result]) -> Group:
    """One row a multiple; the accuracy is that of the recipe `aligned_recipe` names, if it was trained."""
    table = _table("widths")
    for name in ("times smaller", "times fewer bit operations", *map(_cycles_of, rows[0].cycles), "top-1 %"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            _widths_of(row),
            f"{row.size_ratio:.2f}",
            f"{row.bops_ratio:.2f}",
            *(f"{cycles:,}" for cycles in row.cycles.values()),
            _ours("cifar10", printed_name(network), (aligned_recipe(row.align),), results, NOT_TRAINED),
        )
    title = f"{printed_name(network)}, 4-bit APoT, widths aligned to the engine's tile; cycles predicted"
    return _titled(f"{title}; {_EXPLAINED}", None, table)


def orders_table(rows: Sequence[Variant], published: Mapping[str, tuple[float, float]]) -> Group:
    """One row a variant; beside it what `published` has under its label: top-1 in percent, MB."""
    table = _table("network")
    for name in ("filters removed", "MiB", "times smaller", "times fewer bit operations"):
        table.add_column(name, justify="right")
    for name in ("published MB", "published top-1 %", "ours"):
        table.add_column(name, justify="right")
    for row in rows:
        top1, megabytes = published[row.label]
        table.add_row(
            row.label,
            f"{row.pruned:.0%}",
            f"{row.size_mib:.1f}",
            f"{row.size_ratio:.2f}",
            f"{row.bops_ratio:.2f}",
            f"{megabytes:.0f}",
            f"{top1:.1f}",
            NOT_RUN,
        )
    return _titled("ResNet-50 pruned and quantised to INT8, ImageNet", IMAGENET_SOURCE, table)


def _widths_of(row: Aligned) -> str:
    match row.align:
        case None:
            return "unpruned"
        case 1:
            return "30% pruned"
    return f"30% pruned, multiples of {row.align}"


def aligned_recipe(align: int | None) -> str:
    """The name of the recipe that trains it."""
    if align is None:
        return "apot_w4_a4"
    return "ppq" if align == 1 else f"ppq_align{align}"


def results_table(results: Sequence[Result]) -> Group:
    """Every trained result and what repeats it."""
    table = _table("network")
    for name in ("recipe", "data"):
        table.add_column(name)
    for name in ("samples", "seed", "epochs", "minutes", "top-1 %"):
        table.add_column(name, justify="right")
    table.add_column("commit")
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
            result.commit or UNKNOWN,
            Text(result.command),
        )
    return _titled("Trained here: accuracy of the exported integer model on the test part", None, table)


def printed_name(network: str) -> str:
    return _PRINTED.get(network, network)


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    return table


def _titled(title: str, source: str | None, table: Table) -> Group:
    lines = [Text(title, style="bold")] + ([Text(source, style="dim")] if source else [])
    return Group(*lines, table)


def _cycles_of(lanes: int) -> str:
    return f"cycles, {lanes}×{lanes}"


def _beside(printed: float, ours: float) -> tuple[Text, Text]:
    style = "" if printed == ours else "bold yellow"
    return Text(f"{printed:.2f}"), Text(f"{ours:.2f}", style=style)


def _ours(
    dataset: str, network: str, recipes: Sequence[str], results: Sequence[Result], otherwise: str = UNKNOWN
) -> str:
    """The latest result of the network by one of the recipes."""
    for result in reversed(results):
        alike = (result.dataset, printed_name(result.network)) == (dataset, network)
        if alike and result.recipe in recipes:
            mark = "" if result.samples >= _WHOLE_TEST_PART else _OF_COPY
            return f"{result.figures[ACCURACY]:.2f}{mark}"
    return otherwise
