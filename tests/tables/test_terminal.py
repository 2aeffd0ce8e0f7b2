"""Tables as text."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console, RenderableType

from twofold.prune.schedule import StagedPruning
from twofold.quant.recipe import Apot
from twofold.tables.aligned import ALIGNMENTS, Aligned
from twofold.tables.compression import BITS, Compression
from twofold.tables.orders import Variant
from twofold.tables.published import ACCURACY, COMPRESSION, ORDERS
from twofold.tables.results import Result
from twofold.tables.terminal import (
    NOT_RUN,
    UNKNOWN,
    accuracy_table,
    aligned_recipe,
    aligned_table,
    compression_table,
    orders_table,
    results_table,
)
from twofold.train.recipe_file import recipe_named, recipe_names

ROW = Result("resnet20", "ppq", "cifar10", "twofold train ppq", 0, 300, 412.0, 10_000, {"accuracy": 90.625})


def lines(renderable: RenderableType) -> list[list[str]]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(renderable)
    return [line.split() for line in capture.get().splitlines() if line.strip()]


def row(renderable: RenderableType, network: str) -> list[str]:
    (found,) = (line for line in lines(renderable) if line[0] == network)
    return found


def test_compression_stands_beside_the_printed_figures() -> None:
    ours = dict(COMPRESSION) | {"ResNet-20": Compression(1.083, 15.776, 115.645)}
    table = compression_table(COMPRESSION, ours)
    assert row(table, "ResNet-20") == ["ResNet-20", "1.08", "1.08", "15.78", "15.78", "115.85", "115.64"]


def test_what_needs_imagenet_says_so() -> None:
    rows = [Variant(label, 0.5, 12.25, 8.0, 64.0) for label in ORDERS]
    found = lines(orders_table(rows, ORDERS))
    assert [
        "pruned,",
        "then",
        "INT8",
        "50%",
        "12.2",
        "8.00",
        "64.00",
        "25",
        "74.5",
        *NOT_RUN.split(),
    ] in found


def test_our_accuracy_stands_beside_the_same_recipe_s() -> None:
    earlier = Result("resnet20", "ppq", "cifar10", "", 0, 1, 1.0, 8000, {"accuracy": 50.0})
    other = Result("resnet20", "ppq", "mnist", "", 0, 1, 1.0, 8000, {"accuracy": 99.0})
    table = accuracy_table(ACCURACY[0], [earlier, ROW, other])
    assert row(table, "ResNet-20") == ["ResNet-20", "92.61", UNKNOWN, "91.84", "90.62", "90.47", UNKNOWN]


def test_accuracies_on_the_copy_are_marked() -> None:
    table = accuracy_table(ACCURACY[0], [replace(ROW, samples=8_000)])
    assert row(table, "ResNet-20")[4] == "90.62*"
    assert any("*" in line and "copy" in line for line in lines(table))


def test_float_networks_of_every_recipe_stand_beside_the_float_ones() -> None:
    taught = replace(ROW, network="resnet20", recipe="cifar10_float_taught", figures={"accuracy": 87.5})
    table = accuracy_table(ACCURACY[0], [taught])
    assert row(table, "ResNet-20")[1:3] == ["92.61", "87.50"]


def test_recipes_of_the_tables_exist() -> None:
    named = {recipe for table in ACCURACY for column in table.columns for recipe in column.recipes}
    assert named <= set(recipe_names())


def test_what_was_not_trained_has_no_figure() -> None:
    for table in ACCURACY:
        for network, figures in table.rows.items():
            ours = sum(bool(column.recipes) for column in table.columns)
            missing = sum(figure is None for figure in figures) + ours
            printed = " ".join(row_of(lines(accuracy_table(table, [])), network))
            assert printed.count(UNKNOWN) == missing


def row_of(table: list[list[str]], network: str) -> list[str]:
    return next(line for line in table if " ".join(line).startswith(f"{network} "))


def test_a_result_shows_how_to_repeat_it() -> None:
    assert row(results_table([ROW]), "ResNet-20") == (
        [
            "ResNet-20",
            "ppq",
            "cifar10",
            "10,000",
            "0",
            "300",
            "412",
            "90.62",
            UNKNOWN,
            "twofold",
            "train",
            "ppq",
        ]
    )


def test_every_aligned_width_has_a_recipe_with_its_multiple() -> None:
    for align in (None, *ALIGNMENTS):
        recipe = recipe_named(aligned_recipe(align))
        assert recipe.quantisation == Apot(BITS, BITS)
        assert (recipe.pruning.align if isinstance(recipe.pruning, StagedPruning) else None) == align


def test_each_published_row_has_a_figure_a_column() -> None:
    assert all(len(figures) == len(table.columns) for table in ACCURACY for figures in table.rows.values())


def test_aligned_widths_stand_beside_their_cycles() -> None:
    rows = [Aligned(None, 7.97, 61.98, {8: 675_870}), Aligned(1, 15.78, 115.65, {8: 497_658})]
    table = lines(aligned_table("resnet20", rows, [ROW]))
    assert ["unpruned", "7.97", "61.98", "675,870", "not", "trained"] in table
    assert ["30%", "pruned", "15.78", "115.65", "497,658", "90.62"] in table
