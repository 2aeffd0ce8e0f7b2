"""`twofold train`: a network trained, pruned and quantised."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.choices import DataFolder, DataSet, Network, seed_option
from twofold.cli.output import print_json, print_rich, results_only

if TYPE_CHECKING:
    from twofold.data.dataset import Dataset
    from twofold.train.journal import Journal
    from twofold.train.recipe import Budget
    from twofold.train.result import TrainResult

EXAMPLE = """Example: twofold train apot --data digits --seed 0 --out build/train/apot

Example: twofold train int8 --network mine.py:Tagger --data arrays --data-folder jets.npz"""

#: Hundreds of lines, which metrics.json in the folder has.
_HISTOGRAMS = "weight_histograms"

RecipeWord = Annotated[
    str, typer.Argument(help="A recipe such as apot, int8 or ppq, or a .toml file of your own.")
]
NetworkWord = Annotated[
    str,
    typer.Option(
        "--network",
        metavar="NAME",
        help=f"What to train: {', '.join(Network)}; or your own, FILE.py:NAME, a module or what makes one.",
    ),
]
Seed = Annotated[int, seed_option("Of weights, training and, unless --start has one, the split.")]
Start = Annotated[
    Path | None, typer.Option("--start", help="The folder of a run whose float weights to start from.")
]
Teacher = Annotated[
    Path | None, typer.Option("--teacher", help="The folder of a run whose float network to learn from.")
]
TeacherNetwork = Annotated[
    str | None,
    typer.Option(
        "--teacher-network",
        metavar="NAME",
        help="What the teacher is; needed for a network of your own, FILE.py:NAME, others are recognised.",
    ),
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Of each stage, instead of the recipe's.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="The folder to write; if not given build/train/RECIPE, of another network than the demo "
        "build/train/NETWORK_RECIPE.",
    ),
]
WithTensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write a log for TensorBoard to OUT/tensorboard.")
]
Results = Annotated[
    Path | None, typer.Option("--results", help="Add a row to this file, such as docs/results.json.")
]


def train(
    recipe: RecipeWord,
    network: NetworkWord = Network.DEMO,
    data: Annotated[DataSet, typer.Option("--data", help="What to train on.")] = DataSet.DIGITS,
    data_folder: DataFolder = None,
    seed: Seed = 0,
    start: Start = None,
    teacher: Teacher = None,
    teacher_network: TeacherNetwork = None,
    epochs: Epochs = None,
    out: Out = None,
    tensorboard: WithTensorBoard = False,
    results: Results = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train a network as a recipe says: apot prunes 30% of the filters and goes to 4 bits, int8 to 8 bits.

    A run that was interrupted goes on where it was, one that was finished is used again. Plots of it are in
    OUT/plots.
    """
    with results_only():
        from twofold.cli.progress_bars import shown
        from twofold.models.catalogue import drawn
        from twofold.train.run import train
        from twofold.train.teacher import teacher_for
        from twofold.train.torchrun import is_first

        progress, dataset = shown(), _dataset(data, data_folder, seed, start)
        channels, size, _ = dataset.image_shape
        model = drawn(network, dataset.classes, channels, seed, size=size)
        folder = out or _folder(recipe, network)
        journal = _journal(folder, tensorboard)
        command = _command(recipe, network, data, seed, start, teacher, teacher_network, epochs)
        learned_from = teacher_for(dataset, teacher, teacher_network)
        trained = train(
            recipe, dataset, folder, seed, progress, model, _budget(recipe, dataset, epochs),
            start=start, journal=journal, teacher=learned_from, command=command,
        )  # fmt: skip
        if not is_first():
            return
        if results is not None:
            from twofold.record import result_of
            from twofold.tables.results import append

            append(result_of(trained, network, dataset, command, progress), results)
    if json:
        print_json(_document(trained, folder, network))
    else:
        _tell(trained)


def _document(trained: TrainResult, folder: Path, network: str) -> dict[str, object]:
    """What a script reads of a run."""
    figures = {key: value for key, value in trained.metrics.as_json().items() if key != _HISTOGRAMS}
    model = {} if trained.integer is None else {"model": str(trained.onnx)}
    return {"folder": str(folder), "network": network, **figures, **model}


def _dataset(data: DataSet, folder: Path | None, seed: int, start: Path | None) -> Dataset:
    """In the parts of the run in `start`, if there is one."""
    from twofold.data.load import dataset_name, load
    from twofold.train.result import split_seed_of

    split_seed = seed if start is None else split_seed_of(start, dataset_name(str(data), folder))
    return load(str(data), folder, split_seed)


def _budget(recipe: str, dataset: Dataset, epochs: int | None) -> Budget | None:
    from twofold.train.recipe_file import recipe_named

    return None if epochs is None else recipe_named(recipe).budget(dataset).lasting(epochs)


def _journal(folder: Path, tensorboard: bool) -> Journal:
    from twofold.train.journal import Journals
    from twofold.train.pictures import Pictures
    from twofold.train.tensorboard import TensorBoard

    pictures = Pictures(folder / "plots")
    return Journals(pictures, TensorBoard(folder / "tensorboard")) if tensorboard else pictures


def _folder(recipe: str, network: str) -> Path:
    """build/train/ppq, or with what is trained if that is another network: resnet20_ppq, tagger_int8."""
    name = Path(recipe).stem
    return Path("build/train") / (name if network == Network.DEMO else f"{network.rpartition(':')[2]}_{name}")


def _command(
    recipe: str,
    network: str,
    data: DataSet,
    seed: int,
    start: Path | None,
    teacher: Path | None,
    teacher_network: str | None,
    epochs: int | None,
) -> str:
    """What repeats the run; DIR stands for where the user keeps the data."""
    words = ["twofold", "train", recipe, "--network", network, "--data", data, "--seed", str(seed)]
    words += ["--data-folder", "DIR"] if data is not DataSet.DIGITS else []
    words += ["--start", str(start)] if start is not None else []
    words += ["--teacher", str(teacher)] if teacher is not None else []
    words += ["--teacher-network", teacher_network] if teacher_network is not None else []
    words += ["--epochs", str(epochs)] if epochs is not None else []
    return shlex.join(words)


def _tell(trained: TrainResult) -> None:
    stages = ", ".join(f"{stage} {top1:.1f}%" for stage, top1 in trained.accuracy.as_json().items())
    print_rich(
        f"wrote {trained.folder if trained.integer is None else trained.onnx}",
        f"accuracy: {stages}; {trained.size_ratio:.1f}× smaller than float32",
    )
