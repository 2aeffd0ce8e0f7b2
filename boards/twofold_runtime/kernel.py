"""An hls4ml network behind its kernel: memory layout, registers and runs.

Registers are Vitis HLS's (AMD UG1399, "S_AXILITE Control Register Map"); their offsets are set in the kernel.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from twofold_runtime.bundle import Bundle
from twofold_runtime.engine import POLL_SECONDS, Run
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.links import Buffer, Link

FORMAT = "twofold kernel 3"
CONTROL, CODES, INTEGERS, FRAMES = 0x00, 0x10, 0x1C, 0x28
START, DONE, IDLE = 1, 2, 4


class KernelProgram:
    """How frames and results lie in memory; weights are in the bitstream."""

    def __init__(self, bundle: Bundle):
        self.description = bundle.json("kernel.json")
        found = self.description.get("format")
        if found != FORMAT:
            raise AcceleratorError(f"kernel.json: expected {FORMAT!r}, found {found!r}")

    @property
    def input(self) -> dict[str, Any]:
        return self.description["input"]

    @property
    def input_stride(self) -> int:
        return self.input["stride"]

    @property
    def output_stride(self) -> int:
        return self.description["output"]["stride"]

    @property
    def output_scale(self) -> float:
        return self.description["output"]["scale"]

    @property
    def output_zero_point(self) -> int:
        """The integer that stands for 0."""
        return self.description["output"]["map"]["zero_point"]

    def packed(self, codes: np.ndarray) -> np.ndarray:
        """Codes [N, C, H, W] → bytes [N, stride], pixel by pixel, channels last."""
        items = np.ascontiguousarray(codes.transpose(0, 2, 3, 1)).astype(_dtype(self.input))
        return items.reshape(len(codes), -1).view(np.uint8)

    def unpacked(self, data: np.ndarray, region: int = 0) -> np.ndarray:
        """Bytes [N, stride] → integers [N, K] in the network's order."""
        output = self.description["output"]
        map_ = output["map"]
        items = np.ascontiguousarray(data).view(_dtype(output)).astype(np.int64)
        by_pixel = items.reshape(len(data), map_["height"], map_["width"], map_["channels"])
        return by_pixel.transpose(0, 3, 1, 2).reshape(len(data), -1)


class Kernel:
    """Starts runs and waits for their ends. It counts no cycles, and cannot be aborted.

    DONE stays until CONTROL is read.
    """

    def __init__(self, link: Link):
        self._link = link

    def start(self, program: KernelProgram, source: Buffer, target: Buffer, count: int) -> None:
        """A run of `count` frames. Raises AcceleratorError while an earlier one goes on; forgets its DONE."""
        status = self._link.read(CONTROL)
        if not status & IDLE:
            raise AcceleratorError(
                "the kernel: expected it idle, found it still busy with an earlier run "
                f"(CONTROL {status:#x}); wait, or load the bitstream anew"
            )
        for offset, address in ((CODES, source.address), (INTEGERS, target.address)):
            self._link.write(offset, address & 0xFFFFFFFF)
            self._link.write(offset + 4, address >> 32)
        self._link.write(FRAMES, count)
        self._link.write(CONTROL, START)

    def finish(self, program: KernelProgram, count: int, timeout: float) -> Run:
        """Waits `timeout` seconds at most. Raises AcceleratorError if the kernel is not done then."""
        deadline = time.monotonic() + timeout
        while not self._link.read(CONTROL) & DONE:
            if time.monotonic() > deadline:
                raise AcceleratorError(
                    f"the kernel is still busy after {timeout} s; no abort is there: load the bitstream anew"
                )
            time.sleep(POLL_SECONDS)
        return Run(count, 0, {})

    def stop(self) -> None:
        """Does nothing: a run ends by itself, and `start` refuses until then."""

    def abort(self) -> None:
        raise AcceleratorError("expected an engine, found an HLS kernel, which cannot be aborted")

    def layer_cycles(self, program: KernelProgram) -> list[tuple[str, int]]:
        raise AcceleratorError("expected an engine, found an HLS kernel, which counts no cycles")


def _dtype(tensor: dict[str, Any]) -> str:
    return f"<{'i' if tensor['map']['signed'] else 'u'}{tensor['item_bits'] // 8}"
