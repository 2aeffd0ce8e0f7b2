"""What a notebook's author types: paths as text, names of shipped models, steps in the wrong order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from twofold import api
from twofold.building.named import network_of
from twofold.errors import UserError
from twofold.golden.compare import Status
from twofold.models.demo import DemoNet
from twofold.network.digest import digest
from twofold.qonnx.importer.load import import_file
from twofold.quant.recipe import Int
from twofold.train.recipe import Budget
from twofold.train.settings import Fit

IMAGES = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("api") / "mine.onnx")
    torch.manual_seed(0)
    quantised = api.quantise(DemoNet(widths=(4, 6)), Int(8), IMAGES)
    api.export(api.freeze(quantised.eval(), IMAGES), IMAGES, path)
    return path


def test_paths_may_be_text(model: str, tmp_path: Path) -> None:
    assert api.import_model(model).name == api.show(model).network.name == "mine"
    (check,) = api.verify(model, "qonnx", frames=2, work=tmp_path)
    assert check.status is Status.PASS
    api.build(model, "pynq-z2", "hls", str(tmp_path / "hls"))
    assert (tmp_path / "hls" / "firmware" / "twofold_mine.cpp").is_file()


def test_choices_of_hls_for_another_road_are_refused(model: str, tmp_path: Path) -> None:
    latency = api.HlsChoices(strategy="latency")
    with pytest.raises(UserError, match=r"backend: expected hls beside a flow, io, strategy, .*, got rtl"):
        api.build(model, "pynq-z2", "rtl", tmp_path / "project", hls=latency)
    with pytest.raises(UserError, match=r"against: expected hls beside io or strategy .*, got qonnx"):
        api.verify(model, ["golden", "qonnx"], hls=latency)
    assert not any(tmp_path.iterdir())


def test_a_shipped_model_has_a_name() -> None:
    shown = api.show("resnet8_cifar10_int8").network
    assert shown.input.shape == (3, 32, 32)
    assert digest(network_of("resnet8_cifar10_int8")) == digest(shown)


def test_a_name_that_nothing_has_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        UserError, match=r"expected a \.onnx file, FILE.py:NAME or one of .*_int8, demo, .*, got 'lenet'"
    ):
        network_of("lenet")
    with pytest.raises(
        UserError, match=r"expected an ONNX file, found no file; .* that twofold models lists"
    ):
        api.show("lenet")


def test_a_network_of_ones_own_is_taken_untrained(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n"
        "def net():\n"
        "    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 3, 5))\n"
    )
    name = f"{tmp_path / 'mine.py'}:net"
    network = network_of(name, (2, 6, 5))
    assert (network.name, network.input.shape, network.output.shape) == ("net", (2, 6, 5), (5,))
    with pytest.raises(UserError, match="expected a model that takes images of 1×6×5"):
        network_of(name, (1, 6, 5))
    with pytest.raises(UserError, match=r"mine.py:net: expected the shape of its images as well, C, H, W"):
        network_of(name)


def test_a_file_has_its_shape_itself(model: str) -> None:
    with pytest.raises(UserError, match=r"shape: expected a network's name, since .*\.onnx has the shape"):
        network_of(model, (1, 8, 8))


def test_a_file_says_what_wrote_it(model: str) -> None:
    file = onnx.load(model)
    assert (file.producer_name, file.producer_version) == ("twofold", file.metadata_props[0].value)


def test_freezing_what_is_not_quantised_is_refused() -> None:
    with pytest.raises(
        UserError, match="expected a model that quantise has made, got DemoNet; call quantise"
    ):
        api.freeze(DemoNet(), IMAGES)  # type: ignore[arg-type]


def test_features_of_other_ranges_are_not_evaluated(tmp_path: Path) -> None:
    values, labels = np.random.default_rng(0).normal(size=(60, 5)), np.arange(60) % 3
    arrays = {"x_train": values, "y_train": labels, "x_test": values[:9], "y_test": labels[:9]}
    np.savez(tmp_path / "jets.npz", **arrays)
    np.savez(tmp_path / "wider.npz", **{**arrays, "x_train": values * 2})
    jets, wider = (api.load_dataset("arrays", tmp_path / f"{name}.npz") for name in ("jets", "wider"))
    tagger = nn.Sequential(nn.Flatten(), nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
    result = api.train("int8", jets, tmp_path / "run", model=tagger, budget=Budget(*[Fit(1)] * 4))
    ranges = json.loads((tmp_path / "run" / "metrics.json").read_text())["features"]
    assert ranges == {"low": values.min(0).tolist(), "high": values.max(0).tolist()}
    assert json.loads(import_file(result.onnx).metadata["features"]) == ranges
    assert api.evaluate(result.onnx, jets).samples == 9
    with pytest.raises(UserError, match=r"wider: expected features of the ranges .*; put the x_train of its"):
        api.evaluate(result.onnx, wider)
