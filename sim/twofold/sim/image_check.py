"""Images of a data set through the simulated engine: all logits against the golden model's."""

from __future__ import annotations

from typing import Any

import numpy as np

from twofold.data.dataset import Images
from twofold.errors import UserError
from twofold.golden.codes import quantise
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.plan.program import Program
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.bulk.run import run_bulk

BATCH = 50
"""Frames of a run of the engine."""


def check_images(
    network: Network, program: Program, library: EngineLibrary, images: Images
) -> dict[str, Any]:
    """Counts of logits, of those that differ, and of images that the engine classifies rightly.

    Raises UserError for images of another shape than the network's, or if there are none.
    """
    shape = tuple(images.pixels.shape[1:])
    if shape != network.input.shape or not len(images):
        raise UserError(f"images: expected some of shape {network.input.shape}, got {len(images)} of {shape}")
    elements = mismatches = correct = 0
    seconds = 0.0
    for batch in images.batches(BATCH):
        codes = quantise(batch.real.numpy(), network.input.type)
        run = run_bulk(library, program, codes)
        logits = run.results[network.output_name].reshape(len(batch), *network.output.shape)
        elements += logits.size
        mismatches += int(np.sum(logits != execute(network, codes)[network.output_name]))
        correct += int(np.sum(logits.argmax(axis=1) == batch.labels.numpy()))
        seconds += run.seconds
    return {
        "frames": len(images),
        "elements": elements,
        "mismatches": mismatches,
        "accuracy": 100 * correct / len(images),
        "cpu_seconds": round(seconds, 1),
    }
