"""The main job, end to end: two compressed networks, trained, exported, built twice, and proven equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twofold.boards.board_file import load_board
from twofold.boards.choose import choose_smallest
from twofold.building.projects import write_engine_project
from twofold.data.dataset import Dataset
from twofold.data.load import load as load_dataset
from twofold.demo.content import model_content, provenance
from twofold.demo.hardware import Timing, measure
from twofold.files import write_atomically
from twofold.golden.codes import quantise
from twofold.golden.compare import Check
from twofold.progress import SILENT, Progress
from twofold.qonnx.importer.load import import_file
from twofold.report import html
from twofold.report.schema import SCHEMA
from twofold.synth.engine import synthesise_engine
from twofold.synth.utilisation import Utilisation
from twofold.train.result import TrainResult
from twofold.train.run import train
from twofold.verification.candidates import Subject, check_brevitas, check_hls, check_qonnx, check_rtl

RECIPES = ("apot", "int8")
BOARD = "pynq-z2"
RTL_FRAMES = 32
HLS_FRAMES = 128
WORKERS = 2


@dataclass(frozen=True, eq=False)
class Pending:
    """A model's jobs that run beside the training of the next."""

    subject: Subject
    result: TrainResult
    software: tuple[Check, ...]
    hls: Future[Check]
    rtl: Future[tuple[Check, Timing]]
    area: Future[Utilisation]

    @property
    def jobs(self) -> tuple[Future[Any], ...]:
        return self.hls, self.rtl, self.area


def demo(folder: Path, seed: int = 0, progress: Progress = SILENT) -> dict[str, Any]:
    """Trains the demo network with each recipe on digits, takes both to hardware, compares every integer.

    Writes to `folder` a folder for each model, report.json and report.html; returns the report. What an
    earlier call with the same seed has trained, compiled or synthesised is used again.
    """
    dataset = load_dataset("digits", seed=seed)
    with ThreadPoolExecutor(WORKERS) as pool:
        pending = [_start(pool.submit, recipe, dataset, folder, seed, progress) for recipe in RECIPES]
        jobs = [job for model in pending for job in model.jobs]
        with progress.task("simulate and synthesise", total=len(jobs)) as advance:
            for job in as_completed(jobs):
                job.result()
                advance(1)
    report = {
        "schema": SCHEMA,
        "provenance": provenance(dataset, folder, seed, {"hls": HLS_FRAMES, "rtl": RTL_FRAMES}),
        "models": {model.subject.name: _content(model, dataset) for model in pending},
        "checks": [check.as_json() for model in pending for check in _checks(model)],
    }
    write_atomically(folder / "report.json", json.dumps(report, indent=1))
    html.write(report, folder / "report.html")
    return report


def _start(
    submit: Callable[..., Future[Any]],
    recipe: str,
    dataset: Dataset,
    folder: Path,
    seed: int,
    progress: Progress,
) -> Pending:
    """Trains a model, compares it in software, and hands the rest to the workers."""
    home = folder / recipe
    result = train(recipe, dataset, home, seed, progress)
    imported = import_file(result.onnx)
    network = imported.network
    images = dataset.test.real.numpy()
    subject = Subject(recipe, result.onnx, network, quantise(images, network.input.type), home)
    with progress.task(f"{recipe}: golden against Brevitas and QONNX"):
        software = (check_brevitas(subject, result.frozen, images), check_qonnx(subject))
    write_engine_project(imported, load_board(BOARD), home / BOARD)
    return Pending(
        subject,
        result,
        software,
        hls=submit(check_hls, subject.first(HLS_FRAMES)),
        rtl=submit(_simulate, subject.first(RTL_FRAMES), seed),
        area=submit(_area, subject),
    )


def _simulate(subject: Subject, seed: int) -> tuple[Check, Timing]:
    return check_rtl(subject, seed), measure(subject)


def _area(subject: Subject) -> Utilisation:
    found = choose_smallest(subject.network, load_board(BOARD))
    return synthesise_engine(found.geometry, subject.work / "synth")


def _checks(model: Pending) -> tuple[Check, ...]:
    rtl, timing = model.rtl.result()
    return (*model.software, model.hls.result(), rtl, timing.check)


def _content(model: Pending, dataset: Dataset) -> dict[str, Any]:
    _, timing = model.rtl.result()
    return model_content(model.subject, model.result, timing, model.area.result(), load_board(BOARD), dataset)
