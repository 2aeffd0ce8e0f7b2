"""The runtime of an hls4ml network: registers as Vitis HLS lays them out, and what a kernel cannot do."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.boards.board import Board
from twofold.boards.kernel_design import KernelDesign, Tensor
from twofold.boards.project import generate
from twofold.qonnx.importer.load import Imported

Load = Callable[..., tuple[Any, Any]]
DONE = {"ID": 6}
"""ID is the engine's register at offset 0, where a kernel has its control bits: done, and idle again."""


@pytest.fixture
def kernel_folder(
    board: Board,
    selftest: dict[str, bytes],
    imported: Imported,
    finish: Callable[[Path], Path],
    tmp_path: Path,
) -> Path:
    ends = (Tensor(2, 4, 4, 8, False, 2**-8), Tensor(3, 1, 1, 24, True, 0.5))
    (tmp_path / "hls").mkdir()
    digests, host = ("0" * 64, "1" * 64), imported.host_work
    design = KernelDesign("small", tmp_path / "hls", "twofold_small", *digests, ends, selftest, host)
    generate(board, design, tmp_path / "project")
    return finish(tmp_path / "project")


def test_a_run_writes_addresses_frames_and_start(load: Load, kernel_folder: Path) -> None:
    runtime, registers = load(kernel_folder, **DONE)
    accelerator = runtime.Accelerator(kernel_folder, batch=2)
    assert accelerator.logits(np.zeros((3, 2, 4, 4))).shape == (3, 3)
    assert accelerator.values(np.zeros((3, 2, 4, 4))).dtype == np.float32
    with pytest.raises(runtime.AcceleratorError, match="expected a model file with the ranges of its"):
        accelerator.images_of(np.zeros((3, 32)))
    written = [(0x10, 0x1000), (0x14, 0), (0x1C, 0x1000), (0x20, 0), (0x28, 2), (0x00, 1)]
    assert registers.written[:6] == written
    assert registers.written[10] == (0x28, 1)
    assert (accelerator.frames, accelerator.cycles, accelerator.counters) == (3, 0, {})
    with pytest.raises(runtime.AcceleratorError, match="found no cycles counted; call predict first"):
        _ = accelerator.frames_per_second


def test_its_self_test_compares_the_output(load: Load, kernel_folder: Path) -> None:
    runtime, _ = load(kernel_folder, **DONE)
    found = runtime.Accelerator(kernel_folder).selftest()
    assert not found.passed
    assert found.difference.startswith("the output differs first, at element 0 of frame 0")


def test_results_that_an_earlier_run_left_are_not_compared(
    load: Load, kernel_folder: Path, selftest: dict[str, bytes]
) -> None:
    runtime, _ = load(kernel_folder, **DONE)
    accelerator = runtime.Accelerator(kernel_folder)
    with np.load(io.BytesIO(selftest["selftest.npz"])) as vectors:
        right = vectors["region0"].astype("<i4")
    for _, target in accelerator._slots:
        target.put(right.view(np.uint8))
    assert not accelerator.selftest().passed


def test_a_kernel_that_does_not_end_times_out(load: Load, kernel_folder: Path) -> None:
    runtime, _ = load(kernel_folder, ID=chain([4], repeat(1)))
    accelerator = runtime.Accelerator(kernel_folder, timeout=0.05)
    with pytest.raises(runtime.AcceleratorError, match=r"the kernel is still busy after 0\.05 s"):
        accelerator.predict(np.zeros((1, 2, 4, 4)))


def test_a_kernel_that_runs_is_not_started_over(load: Load, kernel_folder: Path) -> None:
    """As after Ctrl-C, which a kernel's run outlives."""
    runtime, registers = load(kernel_folder, ID=0)
    accelerator = runtime.Accelerator(kernel_folder)
    with pytest.raises(
        runtime.AcceleratorError, match=r"expected it idle, found it still busy .* \(CONTROL 0x0\); wait, or"
    ):
        accelerator.predict(np.zeros((1, 2, 4, 4)))
    assert registers.written == []


def test_an_earlier_runs_done_ends_no_other(load: Load, kernel_folder: Path) -> None:
    """CONTROL: idle with the DONE that nobody waited for, twice busy, idle and done."""
    control = iter([6, 1, 0, 6])
    runtime, _ = load(kernel_folder, ID=control)
    runtime.Accelerator(kernel_folder).predict(np.zeros((1, 2, 4, 4)))
    assert list(control) == []


def test_what_a_kernel_cannot_do_is_refused(load: Load, kernel_folder: Path) -> None:
    runtime, _ = load(kernel_folder, **DONE)
    accelerator = runtime.Accelerator(kernel_folder)
    for use in (accelerator.abort, accelerator.layer_cycles):
        with pytest.raises(runtime.AcceleratorError, match="expected an engine, found an HLS kernel"):
            use()
