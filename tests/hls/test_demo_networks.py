"""Both demo networks, imported from QONNX, in C simulation on real digits."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.datasets import load_digits

from twofold.golden.codes import quantise
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.hls.csim import run_csim
from twofold.network.ops import Flatten
from twofold.qonnx.importer.load import import_model

ASSETS = Path(__file__).parent.parent / "assets"
FRAMES = 100


@pytest.mark.parametrize("name", ["apot", "int8"])
def test_every_tensor_of_the_demo_network_equals_golden(name: str) -> None:
    network = import_model(ASSETS / name / "model.onnx")
    digits = load_digits()
    frames = quantise(digits.images[:FRAMES, None] / 16, network.input.type)
    found = run_csim(network, frames)
    shown = tuple(op.output for op in network.ops if not isinstance(op, Flatten))
    check = compare(name, ("golden", execute(network, frames)), ("csim", found), shown)
    assert (check.status, check.frames, check.detail) == (Status.PASS, FRAMES, "")
    predicted = found[network.output_name].argmax(axis=1)
    assert (predicted == digits.target[:FRAMES]).mean() > 0.9
