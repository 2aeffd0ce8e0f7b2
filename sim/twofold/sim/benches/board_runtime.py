"""Bench of a board's runtime on the engine: clk, rst, s_axi_*, m_axi_*.

The environment names a board folder (BOARD_FOLDER) with the runtime, an array of images
(BOARD_IMAGES, .npy, [N, C, H, W] of floats), how many frames a run takes (BOARD_BATCH), where the
results go (BOARD_RESULTS, .npz with logits, labels, cycles, frames, macs, layer_cycles, and what the
self-test says), and folders that must be refused (BOARD_WRONG, JSON, folder → words of the reason).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiReadBus, AxiWriteBus

from twofold.sim.benches.axi_memory import FaultyReads, FaultyWrites, stalls
from twofold.sim.pynq_stand_in import Board, installed

MEMORY_BYTES = 1 << 24
IP = "engine_0"


async def started(dut: Any, share: float) -> Board:
    Clock(dut.clk, 10, unit="ns").start()
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    reads = FaultyReads(AxiReadBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=MEMORY_BYTES)
    writes = FaultyWrites(
        AxiWriteBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=MEMORY_BYTES, mem=reads.mem
    )
    for channel in (
        *(reads.ar_channel, reads.r_channel),
        *(writes.aw_channel, writes.w_channel, writes.b_channel),
    ):
        channel.set_pause_generator(stalls(share))
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 2)
    return Board(master, reads, IP)


def load_runtime(folder: Path) -> Any:
    """Imports the runtime that lies in the board folder, anew, since it binds PYNQ's names when imported."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "twofold_runtime"]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        runtime = importlib.import_module("twofold_runtime")
    finally:
        sys.path.remove(str(folder))
    assert Path(str(runtime.__file__)).parent.parent == folder, f"no runtime in {folder}"
    return runtime


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def predict(dut: Any) -> None:
    """More images than a batch, so that the engine runs more than once."""
    board = await started(dut, 0.2)
    images = np.load(os.environ["BOARD_IMAGES"])

    def use(runtime: Any) -> None:
        accelerator = opened(runtime, timeout=60.0)
        tested = accelerator.selftest()
        labels = accelerator.predict(images[:1])
        logits = accelerator.logits(images)
        np.savez(
            os.environ["BOARD_RESULTS"],
            logits=logits,
            labels=labels,
            cycles=accelerator.cycles,
            frames=accelerator.frames,
            macs=accelerator.counters["MACS"],
            layer_cycles=[cycles for _, cycles in accelerator.layer_cycles()],
            tested=str(tested),
        )

    await used(board, use)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def a_stuck_bus_times_out(dut: Any) -> None:
    board = await started(dut, 0.0)
    board.memory.r_channel.set_pause_generator(stalls(1.0))
    await used(board, lambda runtime: fails(opened(runtime, 0.2), "the engine is still busy after 0.2 s"))


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def an_error_of_the_bus_is_named(dut: Any) -> None:
    board = await started(dut, 0.0)
    board.memory.faulty = range(MEMORY_BYTES)
    await used(board, lambda runtime: fails(opened(runtime, 60.0), "the run failed: READ_RESPONSE"))


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def an_abort_is_named(dut: Any) -> None:
    """Of another thread, while the runtime waits; the next run goes well."""
    board = await started(dut, 0.0)
    accelerators: list[Any] = []

    async def abort_the_run() -> None:
        await RisingEdge(dut.m_axi_arvalid)
        await bridge(lambda: accelerators[0].abort())()

    def use(runtime: Any) -> None:
        accelerators.append(opened(runtime, 60.0))
        fails(accelerators[0], "the run was aborted; start it again")
        accelerators[0].predict(first_image())

    cocotb.start_soon(abort_the_run())
    await used(board, use)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def after_a_run_that_was_broken_off_the_next_is_right(dut: Any) -> None:
    """By Ctrl-C, which is raised in place of waiting; or by the process's end, which aborts nothing."""
    board = await started(dut, 0.0)

    def use(runtime: Any) -> None:
        accelerator = opened(runtime, 60.0)
        image, other = first_image(), 1 - first_image()
        expected = accelerator.logits(image)
        with mock.patch.object(accelerator._engine, "finish", side_effect=KeyboardInterrupt):
            assert interrupted(accelerator.logits, other)
        assert not busy(accelerator), "the run was not aborted"
        assert (accelerator.logits(image) == expected).all()
        assert (accelerator.logits(other) != expected).any()
        accelerator._engine.start(accelerator._program, *accelerator._slots[1], accelerator.batch)
        assert busy(accelerator)
        assert (accelerator.logits(image) == expected).all()

    await used(board, use)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def wrong_folders_are_refused(dut: Any) -> None:
    board = await started(dut, 0.0)

    def use(runtime: Any) -> None:
        for folder, reason in json.loads(os.environ["BOARD_WRONG"]).items():
            says(reason, runtime.Accelerator, folder)

    await used(board, use)


async def used(board: Board, use: Callable[[Any], None]) -> None:
    """Calls `use` with the board folder's runtime over `board`, in a thread that the simulation serves."""
    with installed(board):
        await bridge(lambda: use(load_runtime(Path(os.environ["BOARD_FOLDER"]))))()


def opened(runtime: Any, timeout: float) -> Any:
    return runtime.Accelerator(
        os.environ["BOARD_FOLDER"], batch=int(os.environ["BOARD_BATCH"]), timeout=timeout
    )


def first_image() -> Any:
    return np.load(os.environ["BOARD_IMAGES"])[:1]


def busy(accelerator: Any) -> bool:
    engine = accelerator._engine
    return bool(engine._registers.read("STATUS") & engine._busy)


def interrupted(use: Callable[[Any], Any], argument: Any) -> bool:
    """Whether `use` of the argument ends with Ctrl-C."""
    try:
        use(argument)
    except KeyboardInterrupt:
        return True
    return False


def fails(accelerator: Any, reason: str) -> None:
    """The run of one image ends with an error that says `reason`."""
    says(reason, accelerator.predict, first_image())


def says(reason: str, use: Callable[[Any], Any], argument: Any) -> None:
    """`use` of the argument ends with the runtime's error, which says `reason`."""
    try:
        use(argument)
    except sys.modules["twofold_runtime"].AcceleratorError as error:
        assert reason in str(error), error
    else:
        raise AssertionError(f"expected an error that says {reason!r}, all went well")
