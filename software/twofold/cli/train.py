"""`twofold train`: a network trained, pruned and quantised."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.choices import DataSet, Recipe
from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold train apot --data digits --seed 0 --out build/train/apot"


def train(
    recipe: Annotated[Recipe, typer.Argument(help="What to make of the network.")],
    data: Annotated[DataSet, typer.Option("--data", help="What to train on.")] = DataSet.DIGITS,
    data_folder: Annotated[
        Path | None, typer.Option("--data-folder", help="Where the files are; digits needs none.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the split and the training.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write; build/train/RECIPE if not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train the demo network: apot prunes 30% of the filters and goes to 4 bits, int8 to 8 bits.

    A run that was interrupted goes on where it was, one that was finished is used again.
    """
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.data.load import load
        from twofold.train.run import train

        folder = out or Path("build/train") / recipe
        result = train(str(recipe), load(str(data), data_folder, seed), folder, seed, shown())
    if json:
        print_json({"folder": str(folder), "model": str(result.onnx), **result.metrics.as_json()})
    else:
        stages = ", ".join(f"{stage} {top1:.1f}%" for stage, top1 in result.accuracy.as_json().items())
        print_rich(
            f"wrote {result.onnx}", f"accuracy: {stages}; {result.size_ratio:.1f}× smaller than float32"
        )
