"""Runs a twofold engine from Linux on the board. Needs NumPy and PYNQ, and Python 3.8 or newer.

Copy the whole board folder to the board, then in that folder:

    from twofold_driver import Accelerator
    accelerator = Accelerator(".")
    labels = accelerator.predict(images)      # floats [N, C, H, W] → classes [N]
    accelerator.cycles                        # clock cycles of the last run, counted by the hardware

Of PYNQ it uses the names Overlay, MMIO and allocate only.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from pynq import MMIO, Overlay, allocate

PROGRAM_FORMAT = "twofold program 2"
MANIFEST_FORMAT = "twofold board 1"
NO_INSTRUCTION = 65535
COUNTERS = ("READ_WAIT_CYCLES", "WRITE_WAIT_CYCLES", "WEIGHT_WAIT_CYCLES", "HELD_CYCLES", "INPUTS_MULTIPLIED")
POLL_SECONDS = 100e-6


class AcceleratorError(Exception):
    """What was expected, what was found, what to do."""


class Accelerator:
    """An engine with its program and model loaded.

    folder: the board folder, with manifest.json, program.json, code.bin, image.bin, registers.json,
    and from Vivado twofold.bit, twofold.hwh and twofold.design. batch: most frames of one run of the
    engine; more images take several runs. timeout: seconds that one run may take.
    Raises AcceleratorError if a file is missing or is not the one of the manifest, or if the bitstream
    holds another engine.

    cycles: clock cycles of the last run, start to done. frames: frames of the last run. counters: what it
    waited for, in clock cycles, and its multiply-accumulates (MACS).
    """

    def __init__(self, folder: str | Path, *, batch: int = 64, timeout: float = 10.0) -> None:
        self.folder = Path(folder)
        manifest = _checked_manifest(self.folder)
        self.program = _read_json(self.folder / "program.json")
        if self.program["format"] != PROGRAM_FORMAT:
            raise AcceleratorError(
                f"program.json: expected {PROGRAM_FORMAT!r}, found {self.program['format']!r}"
            )
        if batch < 1:
            raise AcceleratorError(f"batch: expected at least 1 frame, found {batch}")
        self.batch, self.timeout = batch, timeout
        self.cycles = self.frames = 0
        self.counters: dict[str, int] = {}
        self._clock_hz = manifest["clock_hz"]
        self._overlay = Overlay(str(self.folder / manifest["bitstream"]))
        self._registers = {entry["name"]: entry for entry in _read_json(self.folder / "registers.json")}
        self._mmio = _register_window(self._overlay, manifest["ip"])
        self._check_hardware()
        self._code = _loaded(self.folder / "code.bin")
        self._image = _loaded(self.folder / "image.bin")
        self._input = allocate(shape=(batch, self.program["input"]["stride"]), dtype="u1")
        self._output = allocate(shape=(batch, self.program["output_stride"]), dtype="u1")
        # Dirty cache lines of the new buffer must not be written back over the engine's results.
        self._output.flush()

    def predict(self, images: Any) -> np.ndarray:
        """Classes [N] of images [N, C, H, W], real numbers as the network was trained on."""
        return self.logits(images).argmax(axis=1)

    def logits(self, images: Any) -> np.ndarray:
        """Real-valued results [N, K] of images [N, C, H, W]."""
        return self.run(self.quantise(images)) * self.program["output_scale"]

    def quantise(self, images: Any) -> np.ndarray:
        """Input codes of real numbers: round half to even, then clamp. Any shape, int64."""
        entry = self.program["input"]
        map_ = entry["map"]
        lowest = -(1 << (map_["bits"] - 1)) if map_["signed"] else 0
        codes = np.rint(np.asarray(images, np.float64) / entry["scale"]) + map_["zero_point"]
        return np.clip(codes, lowest, lowest + (1 << map_["bits"]) - 1).astype(np.int64)

    def run(self, codes: np.ndarray) -> np.ndarray:
        """The network's integers [N, K] for input codes [N, C, H, W], any number of frames."""
        map_ = self.program["input"]["map"]
        shape = (map_["channels"], map_["height"], map_["width"])
        if codes.shape[1:] != shape:
            raise AcceleratorError(
                f"images: expected shape [N, {shape[0]}, {shape[1]}, {shape[2]}], found {codes.shape}"
            )
        if not len(codes):
            raise AcceleratorError("images: expected at least one, found none")
        parts = [self._run(codes[first : first + self.batch]) for first in range(0, len(codes), self.batch)]
        return np.concatenate(parts)

    def layer_cycles(self) -> list[tuple[str, int]]:
        """Label and clock cycles of each instruction of the last run's last frame."""
        result = []
        for index, instruction in enumerate(self.program["instructions"]):
            self._write("LAYER_CYCLES_INDEX", index)
            result.append((instruction["label"], self._read("LAYER_CYCLES")))
        return result

    def _run(self, codes: np.ndarray) -> np.ndarray:
        count = len(codes)
        self._input[:count] = pack(codes, self.program["geometry"]["lanes"])
        self._input.flush()
        for name, value in self._run_registers(count).items():
            self._write(name, value)
        self._start_and_wait(count)
        self._output.invalidate()
        self.cycles = self._read("CYCLES_LO") | self._read("CYCLES_HI") << 32
        self.frames = self._read("FRAMES_DONE")
        self.counters = self._counters()
        if self.frames != count:
            raise AcceleratorError(f"the engine: expected {count} frames done, found {self.frames}")
        return unpack(
            np.array(self._output[:count]), self.program["outputs"][0], self.program["geometry"]["lanes"]
        )

    def _run_registers(self, count: int) -> dict[str, int]:
        return {
            "PROGRAM_ADDR": self._code.device_address,
            "PROGRAM_BYTES": self._code.nbytes,
            "MODEL_ADDR": self._image.device_address,
            "INPUT_ADDR": self._input.device_address,
            "OUTPUT_ADDR": self._output.device_address,
            "FRAMES": count,
            "INPUT_STRIDE": self.program["input"]["stride"],
            "OUTPUT_STRIDE": self.program["output_stride"],
        }

    def _counters(self) -> dict[str, int]:
        values = {name: self._read(name) for name in COUNTERS}
        return {**values, "MACS": values["INPUTS_MULTIPLIED"] * self.program["geometry"]["lanes"]}

    def _start_and_wait(self, count: int) -> None:
        self._write("CONTROL", 1 << self._low_bit("CONTROL", "START"))
        cycles = self.program["setup_cycles"] + count * self.program["frame_cycles"]
        time.sleep(min(cycles / self._clock_hz, self.timeout))
        status = self._wait_until_idle(self.timeout)
        if status >> self._low_bit("STATUS", "FAILED") & 1:
            raise AcceleratorError(f"the run failed: {self._error()}")
        if status >> self._low_bit("STATUS", "ABORTED") & 1:
            raise AcceleratorError("the run was aborted; start it again")
        if not status >> self._low_bit("STATUS", "DONE") & 1:
            raise AcceleratorError(f"the run ended without being done (STATUS {status:#x})")

    def _error(self) -> str:
        """What ERROR says: the cause and the instruction whose it is."""
        error = self._read("ERROR")
        cause, place = (self._field("ERROR", name, error) for name in ("CAUSE", "INSTRUCTION"))
        values = self._registers["ERROR"]["fields"]["CAUSE"]["values"]
        name, meaning = values.get(str(cause), ["UNKNOWN", "This driver does not know the cause."])
        if place == NO_INSTRUCTION:
            return f"{name}. {meaning} (ERROR {error:#x})"
        steps = self.program["instructions"]
        step = f" {steps[place]['opcode']} {steps[place]['label']}" if place < len(steps) else ""
        return f"{name} at instruction {place}{step}. {meaning} (ERROR {error:#x})"

    def _wait_until_idle(self, seconds: float) -> int:
        busy = 1 << self._low_bit("STATUS", "BUSY")
        deadline = time.monotonic() + seconds
        while True:
            status = self._read("STATUS")
            if not status & busy:
                return status
            if time.monotonic() > deadline:
                self._write("CONTROL", 1 << self._low_bit("CONTROL", "ABORT"))
                raise AcceleratorError(
                    f"the engine is still busy after {seconds} s, {self._read('FRAMES_DONE')} frames done "
                    f"(STATUS {status:#x}); it was told to abort. Check the clock and the memory port"
                )
            time.sleep(POLL_SECONDS)

    def _check_hardware(self) -> None:
        lanes, tiles = (self.program["geometry"][name] for name in ("lanes", "tiles"))
        expected = {
            "ID": self._registers["ID"]["reset"],
            "VERSION": self._registers["VERSION"]["reset"],
            "GEOMETRY": lanes | lanes << 8 | tiles << 16,
        }
        for name, value in expected.items():
            found = self._read(name)
            if found != value:
                raise AcceleratorError(
                    f"register {name}: expected {value:#x} as the program needs, found {found:#x}; "
                    "the bitstream holds another engine, build it again from this project"
                )

    def _low_bit(self, register: str, field: str) -> int:
        return self._registers[register]["fields"][field]["low"]

    def _field(self, register: str, field: str, value: int) -> int:
        entry = self._registers[register]["fields"][field]
        return value >> entry["low"] & (1 << entry["width"]) - 1

    def _read(self, name: str) -> int:
        return int(self._mmio.read(self._registers[name]["offset"]))

    def _write(self, name: str, value: int) -> None:
        self._mmio.write(self._registers[name]["offset"], int(value))


def pack(codes: np.ndarray, lanes: int) -> np.ndarray:
    """Codes [N, C, H, W] → bytes [N, ⌈C / lanes⌉ · H · W · lanes] as the engine reads them.

    Blocks of `lanes` channels one after the other; in a block a word of `lanes` bytes for each pixel,
    row by row, the lowest channel first. Missing channels are 0.
    """
    frames, channels, height, width = codes.shape
    blocks = -(-channels // lanes)
    padded = np.zeros((frames, blocks * lanes, height, width), np.int64)
    padded[:, :channels] = codes
    words = padded.reshape(frames, blocks, lanes, height, width).transpose(0, 1, 3, 4, 2)
    return words.astype(np.uint8).reshape(frames, -1)


def unpack(data: np.ndarray, region: dict[str, Any], lanes: int) -> np.ndarray:
    """Bytes [N, stride] that the engine wrote → integers [N, K] of one region of a frame's results."""
    map_, item_bytes = region["map"], region["item_bits"] // 8
    channels, pixels = map_["channels"], map_["height"] * map_["width"]
    blocks = -(-channels // lanes)
    size = blocks * pixels * lanes * item_bytes
    part = np.ascontiguousarray(data[:, region["offset"] : region["offset"] + size])
    items = part.view(f"<{'i' if map_['signed'] else 'u'}{item_bytes}").astype(np.int64)
    by_channel = items.reshape(len(data), blocks, pixels, lanes).transpose(0, 1, 3, 2)
    return by_channel.reshape(len(data), blocks * lanes, pixels)[:, :channels].reshape(len(data), -1)


def _checked_manifest(folder: Path) -> dict[str, Any]:
    manifest = _read_json(folder / "manifest.json")
    if manifest["format"] != MANIFEST_FORMAT:
        raise AcceleratorError(f"manifest.json: expected {MANIFEST_FORMAT!r}, found {manifest['format']!r}")
    for name, expected in manifest["board_files"].items():
        found = hashlib.sha256(_bytes(folder / name)).hexdigest()
        if found != expected:
            raise AcceleratorError(
                f"{name}: expected sha256 {expected[:12]}… as in manifest.json, found {found[:12]}…; "
                "copy the whole board folder again"
            )
    _bytes(folder / manifest["bitstream"])
    design = _bytes(folder / manifest["design_file"]).decode().strip()
    if design != manifest["design"]:
        raise AcceleratorError(
            f"{manifest['bitstream']}: expected one of design {manifest['design'][:12]}…, found one of "
            f"{design[:12]}…; run Vivado again on this project"
        )
    return manifest


def _register_window(overlay: Any, ip: str) -> Any:
    if ip not in overlay.ip_dict:
        raise AcceleratorError(f"the bitstream: expected an IP named {ip}, found {sorted(overlay.ip_dict)}")
    entry = overlay.ip_dict[ip]
    return MMIO(entry["phys_addr"], entry["addr_range"])


def _loaded(path: Path) -> Any:
    """The file's bytes in a buffer that the engine can read."""
    content = np.frombuffer(_bytes(path), np.uint8)
    buffer = allocate(shape=content.shape, dtype="u1")
    buffer[:] = content
    buffer.flush()
    return buffer


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise AcceleratorError(
            f"expected a file {path}, found none; copy the whole board folder after the Vivado build"
        )
    return path.read_bytes()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(_bytes(path).decode())
    except ValueError as error:
        raise AcceleratorError(f"{path}: expected JSON, found {error}") from error
