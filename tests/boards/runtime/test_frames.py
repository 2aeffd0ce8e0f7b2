"""Projects of model files: the board folder reads images as the file does, and people are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.boards.board import Board
from twofold.building.projects import write_engine_project
from twofold.network.host import HostWork
from twofold.qonnx.fuzz.seeds import seeds
from twofold.qonnx.importer.load import Imported, import_file

Load = Callable[..., tuple[Any, Any]]
Finish = Callable[[Path], Path]


@pytest.fixture(scope="module")
def bipolar(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Mul, Sub, BipolarQuant before the network."""
    path = tmp_path_factory.mktemp("frames") / "bipolar.onnx"
    path.write_bytes(seeds()["bipolar"])
    return import_file(path)


@pytest.fixture(scope="module")
def written(bipolar: Imported, board: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "project"
    write_engine_project(bipolar, board, folder)
    return folder


def test_the_accelerator_reads_images_as_the_file_does(
    bipolar: Imported, written: Path, load: Load, finish: Finish
) -> None:
    runtime, _ = load(finish(written))
    accelerator, reader = runtime.Accelerator(written / "board"), bipolar.reader
    images = np.random.default_rng(0).random((50, *reader.image_shape))
    images[0] = reader.images_of(np.ones((1, *reader.shape), np.int64))
    images[1] = 0.5
    codes = accelerator.quantise(images)
    assert np.array_equal(codes.reshape(50, *reader.shape), reader.codes_of(images))
    assert set(np.unique(codes)) == {-1, 1}
    program = json.loads((written / "board" / "program.json").read_text())
    assert program["host"]["before"] == list(reader.work)
    with np.load(written / "board" / "selftest.npz") as vectors:
        assert np.array_equal(accelerator.quantise(vectors["images"]), vectors["image_codes"])
        assert np.isin(vectors["image_codes"], (-1, 1)).all()


def test_the_readme_names_what_the_host_does(bipolar: Imported, written: Path) -> None:
    text = (written / "README.md").read_text()
    assert f"before the network, to the bit: {', '.join(bipolar.reader.work)}." in text
    assert f"After the network the file has {', '.join(bipolar.host)}, which `values()` does:" in text
    shape = ", ".join(map(str, bipolar.reader.image_shape))
    assert f"Images are [N, {shape}], " in text and f"images = np.zeros((1, {shape}))" in text


class Undescribed(Imported):
    @property
    def host_work(self) -> HostWork:
        return replace(super().host_work, images=None, obstacle="Mul 'm' has no description")


def test_what_cannot_be_described_is_said_and_refused(
    bipolar: Imported, board: Board, load: Load, finish: Finish, tmp_path: Path
) -> None:
    model = Undescribed(**vars(bipolar))
    write_engine_project(model, board, tmp_path / "project")
    text = (tmp_path / "project" / "README.md").read_text()
    assert "**The runtime quantises no images**, as Mul 'm' has no description: " in text
    assert "accelerator.run(codes)" in text and "accelerator.predict(images)" not in text
    runtime, _ = load(finish(tmp_path / "project"))
    folder = tmp_path / "project" / "board"
    with np.load(folder / "selftest.npz") as vectors:
        assert "images" not in vectors
    with pytest.raises(runtime.AcceleratorError) as caught:
        runtime.Accelerator(folder).predict(np.zeros((1, *bipolar.reader.image_shape)))
    assert str(caught.value) == (
        "images: they cannot be quantised, as Mul 'm' has no description; pass codes to run()"
    )
