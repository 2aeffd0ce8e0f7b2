"""`twofold evaluate`: a model's accuracy, measured on its integers."""

from __future__ import annotations

from typing import Annotated

import typer

from twofold.cli.choices import Approximate, DataSet, Model, seed_option
from twofold.cli.output import print_json, print_rich, results_only
from twofold.errors import UserError

EXAMPLE = "Example: twofold evaluate model.onnx --dataset cifar10 --data data"


def evaluate(
    model: Model,
    dataset: Annotated[
        DataSet | None, typer.Option("--dataset", help="Whose test part to classify; digits if not given.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="PATH", help="Where its files are; of arrays the .npz file."),
    ] = None,
    data_folder: Annotated[
        str | None,
        typer.Option(
            "--data-folder", metavar="PATH", help="The same, for --data NAME --data-folder PATH as of train."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        seed_option("Of the split of digits, which has no test part of its own; the model's if not given."),
    ] = None,
    approximate: Approximate = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Run the golden model on a whole test set and count what it gets right."""
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        name, folder = _data_set(dataset, data, data_folder)
        labelled = api.load_dataset(name, folder, api.split_seed(model, name) if seed is None else seed)
        evaluation = api.evaluate(model, labelled, shown(), approximate)
    if json:
        print_json({"model": str(model), "dataset": name, **evaluation.as_json()})
        return
    print_rich(
        f"{evaluation.correct:,} of {evaluation.samples:,} images right: {evaluation.accuracy:.2f}%; "
        f"{evaluation.images_a_second:.0f} images/s"
    )


def _data_set(dataset: DataSet | None, data: str | None, folder: str | None) -> tuple[str, str | None]:
    """Name and place: --data is the place beside --dataset, and as of train the name if it is one."""
    if dataset is None and data is not None and data in tuple(DataSet):
        return data, folder
    if data is not None and folder is not None:
        raise UserError(
            f"data: expected --dataset NAME --data PATH, or --data NAME --data-folder PATH, got {data} and "
            f"{folder}; the names are {', '.join(DataSet)}"
        )
    return dataset or DataSet.DIGITS, data or folder
