"""The golden model's accuracy, against the frozen model's own answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from twofold import api, evaluation
from twofold.data.dataset import Dataset, Images
from twofold.data.load import load
from twofold.errors import UserError
from twofold.evaluation import Evaluation, evaluate
from twofold.golden.execute import Golden
from twofold.models.demo import DemoNet
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.progress import Advance
from twofold.qonnx.export import export
from twofold.qonnx.freeze import OUTPUT, FrozenModel, freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int


@pytest.fixture(scope="module")
def images() -> Images:
    return load("digits").test.take(slice(150))


@pytest.fixture(scope="module")
def frozen(images: Images) -> FrozenModel:
    torch.manual_seed(0)
    return freeze(quantise(DemoNet(widths=(4, 6)).eval(), Int(8), images.real), images.real)


@pytest.fixture(scope="module")
def network(frozen: FrozenModel, images: Images, tmp_path_factory: pytest.TempPathFactory) -> Network:
    path: Path = tmp_path_factory.mktemp("evaluation") / "model.onnx"
    export(frozen, images.real, path)
    return import_model(path)


class Counter:
    """A progress that adds up its steps."""

    def __init__(self) -> None:
        self.done = 0

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        def advance(steps: int = 1, note: str = "") -> None:
            self.done += steps

        yield advance


def test_every_image_counts_where_the_frozen_model_puts_it(
    network: Network, frozen: FrozenModel, images: Images
) -> None:
    progress = Counter()
    found = evaluate(network, images, 10, progress)
    answers = run_frozen(frozen, images.real)[OUTPUT].argmax(axis=1)
    for label in range(10):
        of_label = answers[images.labels.numpy() == label]
        assert found.confusion[label].tolist() == np.bincount(of_label, minlength=10).tolist()
    assert found.correct == int((answers == images.labels.numpy()).sum())
    assert found.samples == progress.done == 150


def test_memory_holds_a_batch_and_not_the_test_set(
    network: Network, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    whole = evaluate(network, images, 10)
    outputs = Golden.outputs

    def counted(golden: Golden, frames: IntArray) -> IntArray:
        sizes.append(len(frames))
        return outputs(golden, frames)

    monkeypatch.setattr(Golden, "outputs", counted)
    monkeypatch.setattr(evaluation, "BATCH", 64)
    found = evaluate(network, images, 10)
    assert sizes == [64, 64, 22]
    assert np.array_equal(found.confusion, whole.confusion)


def test_a_file_and_a_data_set_are_enough(
    frozen: FrozenModel, network: Network, images: Images, tmp_path: Path
) -> None:
    export(frozen, images.real, tmp_path / "model.onnx")
    found = api.evaluate(tmp_path / "model.onnx", Dataset("digits", images, images, images))
    assert np.array_equal(found.confusion, evaluate(network, images, 10).confusion)


def test_a_split_with_training_images_is_refused(frozen: FrozenModel, images: Images, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export(frozen, images.real, path, {"dataset": "digits", "split_seed": "5"})
    assert api.split_seed(path, "digits") == 5 and api.split_seed(path, "mnist") == 0
    with pytest.raises(UserError, match="the split of the model's training, seed 5, got that of seed 0"):
        api.evaluate(path, Dataset("digits", images, images, images))
    found = api.evaluate(path, Dataset("digits", images, images, images, split_seed=5))
    assert found.samples == len(images)


def test_figures_follow_from_the_confusion() -> None:
    document = Evaluation(np.array([[3, 1], [0, 4]]), 2.0).as_json()
    assert document == {
        "accuracy": 87.5,
        "samples": 8,
        "correct": 7,
        "confusion": [[3, 1], [0, 4]],
        "seconds": 2.0,
        "images_a_second": 4.0,
    }


def test_other_images_are_refused(network: Network, images: Images) -> None:
    coloured = Images.of(np.zeros((1, 3, 32, 32), np.uint8), np.zeros(1, np.uint8))
    with pytest.raises(UserError, match=r"expected a network for images of 3×32×32, found one for 1×8×8"):
        evaluate(network, coloured, 10)


def test_another_number_of_classes_is_refused(network: Network, images: Images) -> None:
    with pytest.raises(
        UserError, match=r"expected 100 logits or more, one a class of the data set, found 10"
    ):
        evaluate(network, images, 100)


def test_an_empty_test_set_is_refused(network: Network, images: Images) -> None:
    with pytest.raises(UserError, match="at least one test image"):
        evaluate(network, images.take(slice(0)), 10)
