"""Bench of a board's driver on the engine: clk, rst, s_axi_*, m_axi_*.

The environment names a board folder (BOARD_FOLDER) with the driver, an array of images
(BOARD_IMAGES, .npy, [N, C, H, W] of floats), how many frames a run takes (BOARD_BATCH), and where the
results go (BOARD_RESULTS, .npz with logits, labels, cycles, frames, macs and layer_cycles).
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam

from twofold.sim.benches.axi_memory import stalls
from twofold.sim.pynq_stand_in import Board, installed

MEMORY_BYTES = 1 << 24
IP = "engine_0"


async def started(dut: Any, share: float) -> Board:
    Clock(dut.clk, 10, unit="ns").start()
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    memory = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=MEMORY_BYTES)
    reads, writes = memory.read_if, memory.write_if
    for channel in (
        *(reads.ar_channel, reads.r_channel),
        *(writes.aw_channel, writes.w_channel, writes.b_channel),
    ):
        channel.set_pause_generator(stalls(share))
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 2)
    return Board(master, memory, IP)


def load_driver(folder: Path) -> Any:
    """Imports the driver that lies in the board folder, anew, since it binds PYNQ's names when imported."""
    spec = importlib.util.spec_from_file_location("twofold_driver", folder / "twofold_driver.py")
    assert spec is not None and spec.loader is not None, f"no driver in {folder}"
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    return driver


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def predict(dut: Any) -> None:
    """More images than a batch, so that the engine runs more than once."""
    board = await started(dut, 0.2)
    folder = Path(os.environ["BOARD_FOLDER"])
    images = np.load(os.environ["BOARD_IMAGES"])

    def use() -> None:
        driver = load_driver(folder)
        accelerator = driver.Accelerator(folder, batch=int(os.environ["BOARD_BATCH"]), timeout=60.0)
        logits = accelerator.logits(images)
        labels = accelerator.predict(images[:1])
        np.savez(
            os.environ["BOARD_RESULTS"],
            logits=logits,
            labels=labels,
            cycles=accelerator.cycles,
            frames=accelerator.frames,
            macs=accelerator.counters["MACS"],
            layer_cycles=[cycles for _, cycles in accelerator.layer_cycles()],
        )

    with installed(board):
        await bridge(use)()


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def a_stuck_bus_times_out(dut: Any) -> None:
    board = await started(dut, 0.0)
    board.memory.read_if.r_channel.set_pause_generator(stalls(1.0))

    def use() -> None:
        driver = load_driver(Path(os.environ["BOARD_FOLDER"]))
        accelerator = driver.Accelerator(os.environ["BOARD_FOLDER"], timeout=0.2)
        try:
            accelerator.predict(np.load(os.environ["BOARD_IMAGES"])[:1])
        except driver.AcceleratorError as error:
            assert "the engine is still busy after 0.2 s" in str(error), error
        else:
            raise AssertionError("a run without data ended")

    with installed(board):
        await bridge(use)()
