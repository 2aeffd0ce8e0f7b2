"""PYNQ's four names on a board that is not there; copied to its Python as pynq.py, used in a board folder.

No engine runs: what it would write are the results of the folder's self-test, so that all of the way to a
board can be gone without one.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

WRONG = 0
"""Added to every result."""

BASE, LENGTH, PAGE = 0x43C0_0000, 4096, 0x1000


class Buffer(np.ndarray):
    device_address = 0

    def flush(self) -> None: ...

    def invalidate(self) -> None: ...


class Board:
    """Registers that keep what is written, buffers by address, and runs that are done at once."""

    def __init__(self) -> None:
        self._entries = {entry["name"]: entry for entry in _read("registers.json")}
        self._values = {entry["offset"]: entry["reset"] for entry in self._entries.values()}
        geometry = _read("program.json")["geometry"]
        self._lanes = geometry["lanes"]
        self._set("GEOMETRY", self._lanes | self._lanes << 8 | geometry["tiles"] << 16)
        self._buffers: dict[int, Buffer] = {}
        self._frames_before = 0

    def overlay(self, bitstream: str) -> SimpleNamespace:
        return SimpleNamespace(ip_dict={"engine_0": {"phys_addr": BASE, "addr_range": LENGTH}})

    def mmio(self, base: int, length: int) -> Board:
        return self

    def allocate(self, shape: tuple[int, ...], dtype: Any) -> Buffer:
        buffer = np.zeros(shape, dtype).view(Buffer)
        buffer.device_address = PAGE + sum(-(-one.nbytes // PAGE) * PAGE for one in self._buffers.values())
        self._buffers[buffer.device_address] = buffer
        return buffer

    def read(self, offset: int) -> int:
        return self._values[offset]

    def write(self, offset: int, value: int) -> None:
        self._values[offset] = value
        if offset == self._entries["CONTROL"]["offset"] and value == 1:
            self._run()

    def _run(self) -> None:
        frames, stride = self._get("FRAMES"), self._get("OUTPUT_STRIDE")
        target, vectors = self._buffers[self._get("OUTPUT_ADDR")], np.load("selftest.npz")
        traced = Path("selftest_program.json").is_file()
        regions = _read("selftest_program.json" if traced else "program.json")["outputs"]
        for frame in range(frames):
            for place, region in enumerate(regions):
                values = vectors[f"region{place}"][self._frames_before + frame]
                content = _packed(values + WRONG, region, self._lanes)
                start = frame * stride + region["offset"]
                target[start : start + content.size] = content
        self._frames_before += frames
        self._set("FRAMES_DONE", frames)
        self._set("STATUS", 1 << self._entries["STATUS"]["fields"]["DONE"]["low"])

    def _get(self, name: str) -> int:
        return self._values[self._entries[name]["offset"]]

    def _set(self, name: str, value: int) -> None:
        self._values[self._entries[name]["offset"]] = value


def _read(name: str) -> Any:
    return json.loads(Path(name).read_text())


def _packed(values: Any, region: dict[str, Any], lanes: int) -> Any:
    """Integers of one frame → bytes as the engine writes a region; undoes `twofold_runtime.frames.unpack`."""
    map_ = region["map"]
    channels, pixels = map_["channels"], map_["height"] * map_["width"]
    blocks = -(-channels // lanes)
    padded = np.zeros((blocks * lanes, pixels), np.int64)
    padded[:channels] = values.reshape(channels, pixels)
    words = padded.reshape(blocks, lanes, pixels).transpose(0, 2, 1)
    kind = f"<{'i' if map_['signed'] else 'u'}{region['item_bits'] // 8}"
    return words.astype(kind).reshape(-1).view(np.uint8)


_board = Board()
Overlay, MMIO, allocate = _board.overlay, _board.mmio, _board.allocate
PL = SimpleNamespace(bitfile_name=None)
