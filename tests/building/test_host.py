"""Measured quantities become on a board the codes that they are in twofold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.frames import images_of, quantise

from twofold.building.host import host_work
from twofold.data.dataset import Images
from twofold.data.features import FEATURES, FeatureRange
from twofold.network.dyadic import Dyadic
from twofold.network.types import IntType
from twofold.qonnx.fuzz.seeds import seeds
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.load import Imported, import_file
from twofold.qonnx.importer.rounding import QuantRounding

RANDOM = np.random.default_rng(5)
SPREAD = np.geomspace(1e-3, 1e6, 12)


@pytest.fixture
def model(tmp_path: Path) -> Imported:
    """Of twelve quantities, as `twofold train` exports such: images [N, 12, 1, 1], which are quantised."""
    type_ = IntType(False, 8, Dyadic(1, 8))
    rounding = QuantRounding(2.0**-8, 0, (0, 255), "ROUND")
    reader = ImageReader((12, 1, 1), (12, 1, 1), (), type_, rounding, "Quant 'x'")
    return replace(any_model(tmp_path), reader=reader)


def any_model(folder: Path) -> Imported:
    (folder / "seed.onnx").write_bytes(seeds()["bipolar"])
    return import_file(folder / "seed.onnx")


@pytest.fixture
def ranges() -> FeatureRange:
    return FeatureRange.of(RANDOM.normal(size=(300, 12)) * SPREAD, tails=0.5)


def with_metadata(model: Imported, text: str) -> Imported:
    return replace(model, metadata={FEATURES: text})


def on_a_board(model: Imported) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(host_work(model).as_json()))
    return found


def test_codes_are_those_of_the_test_part(model: Imported, ranges: FeatureRange) -> None:
    """Beyond the ranges too, and on the ties between two bytes."""
    measured = RANDOM.normal(size=(400, 12)) * SPREAD * 1.5
    halves = (np.arange(255)[:, np.newaxis] + 0.5) / 255
    measured[:255] = ranges.low + halves * (ranges.high - ranges.low)
    own = Images.of(ranges.codes(measured), np.zeros(400, np.int64)).real.numpy()
    host = on_a_board(with_metadata(model, ranges.as_text()))
    found = images_of(measured, host)
    assert found.dtype == np.float32 and np.array_equal(found, own)
    codes = quantise(found, host)
    assert np.array_equal(codes.reshape(400, -1), model.reader.codes_of(own).reshape(400, -1))
    assert len(np.unique(codes)) > 200


@pytest.mark.parametrize("text", ["", "anything", '{"low": [0], "high": [1]}'])
def test_a_file_without_them_has_no_ranges(model: Imported, text: str) -> None:
    """Others may write metadata of that name."""
    host = on_a_board(with_metadata(model, text))
    with pytest.raises(
        AcceleratorError, match="expected a model file with the ranges of its quantities, found none"
    ):
        images_of(np.zeros((1, 12)), host)


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        (np.zeros((1, 11)), r"measured: expected shape \[N, 12\], found \(1, 11\)"),
        (np.zeros(12), r"found \(12,\)"),
        (np.full((1, 12), np.nan), "expected numbers, found NaN or infinity"),
    ],
)
def test_what_is_not_measured_is_refused(
    model: Imported, ranges: FeatureRange, measured: Any, message: str
) -> None:
    with pytest.raises(AcceleratorError, match=message):
        images_of(measured, on_a_board(with_metadata(model, ranges.as_text())))


def test_a_model_of_pictures_has_none(tmp_path: Path) -> None:
    assert host_work(any_model(tmp_path)).features is None
