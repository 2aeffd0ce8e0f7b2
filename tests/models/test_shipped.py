"""The trained models that come with twofold: one network, whoever computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from twofold.files import sha256
from twofold.golden.execute import execute
from twofold.models.catalogue import drawn
from twofold.models.shipped import FOLDER, ShippedModel, model_file, shipped_models
from twofold.network.describe import observed_tensors
from twofold.network.types import IntArray
from twofold.qonnx.executor import run_executor
from twofold.qonnx.freeze import freeze
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.load import Imported, import_file
from twofold.train.restore import restore

SHAPE = (3, 32, 32)
MODELS = shipped_models()
FRAMES = 3
MEGABYTES = 5


@dataclass(frozen=True)
class Case:
    model: ShippedModel
    imported: Imported
    codes: IntArray
    golden: Mapping[str, IntArray]


@pytest.fixture(scope="module", params=MODELS, ids=[model.name for model in MODELS])
def case(request: pytest.FixtureRequest) -> Case:
    imported = import_file(request.param.onnx)
    type_ = imported.network.input.type
    codes = np.random.default_rng(0).integers(type_.lo, type_.hi + 1, (FRAMES, *SHAPE))
    return Case(request.param, imported, codes, execute(imported.network, codes))


def compare(case: Case, found: Mapping[str, IntArray]) -> None:
    layers = observed_tensors(case.imported.network)
    assert set(layers) <= set(found)
    for name in layers:
        assert np.array_equal(found[name], case.golden[name]), name


def test_the_executor_computes_the_golden_model_s_integers(case: Case) -> None:
    images = case.imported.reader.images_of(case.codes)
    compare(case, run_executor(case.model.onnx, case.imported.network, case.codes, images))


def test_brevitas_with_the_checkpoint_computes_them_too(case: Case) -> None:
    network = drawn(case.model.network, classes=10, channels=SHAPE[0], seed=1)
    images = case.imported.reader.images_of(case.codes)
    restored = restore(case.model.folder, case.model.recipe, network, SHAPE)
    compare(case, run_frozen(freeze(restored, torch.from_numpy(images)), images))


def test_figures_are_those_of_the_file(case: Case) -> None:
    metrics = case.model.metrics()
    assert metrics["onnx_sha256"] == sha256(case.model.onnx)
    assert metrics["recipe"] == case.model.recipe


def test_all_of_them_stay_small() -> None:
    assert MODELS
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size < MEGABYTES * 2**20


def test_names_and_paths_are_told_apart(tmp_path: Path) -> None:
    assert model_file(MODELS[0].name) == MODELS[0].onnx
    assert model_file(str(tmp_path / "own.onnx")) == tmp_path / "own.onnx"
    assert model_file(tmp_path) == tmp_path
    (tmp_path / "model.onnx").write_bytes(b"")
    assert model_file(str(tmp_path)) == tmp_path / "model.onnx", "the folder of a run"
