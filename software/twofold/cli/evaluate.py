"""`twofold evaluate`: a model's accuracy, measured on its integers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.choices import Approximate, DataSet, Model
from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold evaluate model.onnx --dataset cifar10 --data data"


def evaluate(
    model: Model,
    dataset: Annotated[
        DataSet, typer.Option("--dataset", help="Whose test part to classify.")
    ] = DataSet.DIGITS,
    data: Annotated[
        Path | None,
        typer.Option("--data", "--data-folder", help="Where its files are; of arrays the .npz file."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the split of digits, which has no test part of its own.")
    ] = 0,
    approximate: Approximate = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Run the golden model on a whole test set and count what it gets right."""
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        labelled = api.load_dataset(str(dataset), data, seed)
        evaluation = api.evaluate(model, labelled, shown(), approximate)
    if json:
        print_json({"model": str(model), "dataset": str(dataset), **evaluation.as_json()})
        return
    print_rich(
        f"{evaluation.correct:,} of {evaluation.samples:,} images right: {evaluation.accuracy:.2f}%; "
        f"{evaluation.images_a_second:.0f} images/s"
    )
