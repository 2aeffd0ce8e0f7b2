"""`train`: what it writes, what it reuses, and how it goes on after a kill."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from twofold.commit import commit_of
from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.progress import Advance
from twofold.qonnx.read import metadata_of
from twofold.train.checkpoint import Checkpoint
from twofold.train.recipe import Budget
from twofold.train.result import TrainResult, checkpoint_path, metrics_path
from twofold.train.run import train


class Watch:
    """A progress that notes tasks and, after `patience` epochs, stops the run as a user's Ctrl-C does."""

    def __init__(self, patience: int = 1000) -> None:
        self.patience, self.tasks = patience, list[str]()

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        self.tasks.append(name)

        def advance(steps: int = 1, note: str = "") -> None:
            self.patience -= steps
            if self.patience <= 0:
                raise KeyboardInterrupt

        yield advance


@pytest.fixture(scope="module")
def trained(
    few_digits: Dataset, short_budget: Budget, tmp_path_factory: pytest.TempPathFactory
) -> TrainResult:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("trained")
    return train("apot", few_digits, folder, model=DemoNet(widths=(4, 6)), budget=short_budget)


def test_files_and_figures(trained: TrainResult) -> None:
    written = json.loads((trained.folder / "metrics.json").read_text())
    assert {path.name for path in trained.folder.iterdir()} == {"checkpoint.pt", "model.onnx", "metrics.json"}
    assert set(written["accuracy"]) == {"float", "pruned", "quantised"}
    assert metadata_of(trained.onnx)["split_seed"] == "0"
    assert written["size_ratio"] == trained.size_ratio > 8
    assert written["bops_ratio"] == trained.bops_ratio > 64
    assert set(trained.weight_histograms) == {"conv1", "conv2", "conv3", "conv4", "shortcut", "fc"}
    assert sum(trained.weight_histograms["conv2"].values()) == 3 * 3 * 9, "4 − int(0.3 · 4) filters are left"
    assert set(trained.weight_histograms["conv2"]) <= {
        s * v for s in (1, -1) for v in (0, 1, 2, 3, 4, 6, 8, 10)
    }
    assert written["seed"] == written["split_seed"] == 0
    made_by = written["provenance"]
    assert made_by["commit"] == commit_of(Path(__file__).parent)
    assert (made_by["command"], made_by["threads"], made_by["processes"]) == (None, 1, 1)
    assert made_by["versions"]["torch"] == version("torch")
    assert made_by["versions"]["brevitas"] == version("brevitas")
    assert trained.macs == 64 * (27 + 81 + 81) + 4 * (3 * 5 * 9 + 3 * 5) + 50


def test_a_second_call_reuses_everything(
    trained: TrainResult, few_digits: Dataset, tiny_network: DemoNet, short_budget: Budget
) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.folder.iterdir()}
    watch = Watch()
    again = train(
        "apot", few_digits, trained.folder, 0, watch, tiny_network, short_budget, command="of another day"
    )
    assert not watch.tasks
    assert again.metrics == trained.metrics
    assert before == {path: path.stat().st_mtime_ns for path in trained.folder.iterdir()}


def test_what_a_killed_run_left_beside_its_files_is_removed(
    trained: TrainResult, few_digits: Dataset, tiny_network: DemoNet, short_budget: Budget
) -> None:
    left = [
        trained.folder / f".{name}.{'0' * 16}.{ending}"
        for name, ending in (("model", "onnx"), ("metrics", "json"))
    ]
    for path in left:
        path.touch()
    train("apot", few_digits, trained.folder, model=tiny_network, budget=short_budget)
    assert trained.onnx.is_file() and not any(path.exists() for path in left)


def test_figures_of_before_provenance_was_noted_are_kept(
    trained: TrainResult, few_digits: Dataset, tiny_network: DemoNet, short_budget: Budget, tmp_path: Path
) -> None:
    for path in trained.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    old = json.loads(metrics_path(tmp_path).read_text())
    del old["provenance"]
    metrics_path(tmp_path).write_text(json.dumps(old))
    train("apot", few_digits, tmp_path, 0, model=tiny_network, budget=short_budget)
    assert json.loads(metrics_path(tmp_path).read_text()) == old


def test_a_changed_file_is_written_again(
    trained: TrainResult, few_digits: Dataset, tiny_network: DemoNet, short_budget: Budget
) -> None:
    content = trained.onnx.read_bytes()
    trained.onnx.write_bytes(content[:100])
    train("apot", few_digits, trained.folder, model=tiny_network, budget=short_budget)
    assert trained.onnx.read_bytes() == content


@pytest.mark.parametrize("patience", [1, 4, 6, 8], ids=lambda epochs: f"killed after epoch {epochs}")
def test_a_killed_run_ends_with_the_same_bytes(
    trained: TrainResult,
    few_digits: Dataset,
    tiny_network: DemoNet,
    short_budget: Budget,
    tmp_path: Path,
    patience: int,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train("apot", few_digits, tmp_path, 0, Watch(patience), tiny_network, short_budget)
    assert not (tmp_path / "model.onnx").exists()
    resumed = train("apot", few_digits, tmp_path, 0, Watch(), tiny_network, short_budget)
    assert resumed.onnx.read_bytes() == trained.onnx.read_bytes()
    whole, found = (Checkpoint.read(checkpoint_path(run.folder)) for run in (trained, resumed))
    for stage, weights in whole.finished.items():
        assert all(torch.equal(found.finished[stage][name], value) for name, value in weights.items()), stage
    losses = [[epoch["loss"] for epoch in run.history["folded"]] for run in (whole, found)]
    assert losses[0] == losses[1]


def test_other_inputs_start_afresh(
    few_digits: Dataset, tiny_network: DemoNet, short_budget: Budget, tmp_path: Path
) -> None:
    first = train("int8", few_digits, tmp_path, 1, model=tiny_network, budget=short_budget)
    content = first.onnx.read_bytes()
    watch = Watch()
    second = train("int8", few_digits, tmp_path, 2, watch, tiny_network, short_budget)
    assert watch.tasks == ["train float", "train quantised", "train folded"]
    assert second.onnx.read_bytes() != content
    assert second.accuracy.pruned is None
    assert (second.size_ratio, second.bops_ratio) == (4, 16)


def test_the_global_generator_is_left_alone(
    trained: TrainResult, few_digits: Dataset, tiny_network: DemoNet, short_budget: Budget
) -> None:
    before = torch.random.get_rng_state()
    train("apot", few_digits, trained.folder, model=tiny_network, budget=short_budget)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_unknown_recipes_are_refused(few_digits: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"recipe: expected one of apot, .* or a \.toml file, got 'int3'"):
        train("int3", few_digits, tmp_path)


def test_unsupported_layers_are_refused_before_training(few_digits: Dataset, tmp_path: Path) -> None:
    network, watch = (
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sigmoid(), nn.Flatten(), nn.Linear(144, 10)),
        Watch(),
    )
    with pytest.raises(UserError, match="Sigmoid cannot be quantised"):
        train("int8", few_digits, tmp_path, 0, watch, network)
    assert not watch.tasks


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (
            (nn.Linear(64, 9),),
            r"Sequential: expected logits \[images, 10\], one for each class of digits, got \[1, 9\]",
        ),
        (
            (nn.Linear(65, 10),),
            "Sequential: expected a model that takes images of 1×8×8, .*; got RuntimeError: mat1 and mat2",
        ),
    ],
)
def test_networks_of_other_images_and_classes_are_refused(
    few_digits: Dataset, tmp_path: Path, layers: tuple[nn.Module, ...], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        train("int8", few_digits, tmp_path, model=nn.Sequential(nn.Flatten(), *layers))


@pytest.mark.parametrize("recipe", ["apot", "spq", "joint"])
def test_networks_without_filters_are_not_pruned_in_silence(
    few_digits: Dataset, tmp_path: Path, recipe: str
) -> None:
    dense = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(UserError, match=f"Sequential: expected convolutions, whose filters recipe {recipe} "):
        train(recipe, few_digits, tmp_path, model=dense)
    assert not list(tmp_path.iterdir())


class Own(nn.Module):
    """A network for digits; those that follow cannot be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.flatten(x, 1))


class OfTwo(Own):
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return super().forward(x * mask)


class GivesTwo(Own):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(x), x


class Misspelt(Own):
    def forward(self, x: Tensor) -> Tensor:
        return self.fc1(x)


class Asserting(Own):
    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] != 3:
            raise AssertionError
        return super().forward(x)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (OfTwo(), r"OfTwo: .*; got TypeError: .* missing 1 required positional argument: 'mask'$"),
        (GivesTwo(), "GivesTwo: .*; it gives a tuple$"),
        (Misspelt(), "Misspelt: .*; got AttributeError: 'Misspelt' object has no attribute 'fc1'"),
        (Asserting(), "Asserting: .*; got AssertionError$"),
        (
            nn.Sequential(nn.BatchNorm1d(64), nn.Linear(64, 10)),
            r"Sequential: .*; got ValueError: expected 2D or 3D",
        ),
        (
            nn.Sequential(nn.Linear(64, 10)),
            r"Sequential: .*; got RuntimeError: mat1 .*; let it begin with nn.Flatten\(\)$",
        ),
        (nn.Sequential(nn.Linear(65, 10)), r"Sequential: .*; got RuntimeError: mat1 [^;]*$"),
    ],
)
def test_networks_that_fail_say_so_in_a_line(
    few_digits: Dataset, tmp_path: Path, network: nn.Module, said: str
) -> None:
    wanted = (
        r"expected a model that takes images of 1×8×8, one tensor, and gives one, logits \[images, classes\]"
    )
    with pytest.raises(UserError, match=said) as refused:
        train("int8", few_digits, tmp_path, model=network)
    assert re.search(wanted, str(refused.value)) and "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())
