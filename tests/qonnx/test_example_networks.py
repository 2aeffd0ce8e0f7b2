"""Brevitas's own example network of convolutions, on one image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.qonnx.example_networks import export_example
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import import_file


def test_a_fresh_export_is_exact(tmp_path: Path) -> None:
    path = export_example("cnv_1w2a", tmp_path, seed=0)
    imported = import_file(path)
    network = imported.network
    images = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
    codes = imported.reader.codes_of(images)
    found = run_executor(path, network, codes, images)
    check = compare("cnv", ("golden", execute(network, codes)), ("qonnx", found), (network.output_name,))
    assert check.status is Status.PASS, check.detail
    assert len(check.tensors) >= 10
    assert [op.kind for op in network.ops].count("Threshold") == 8
