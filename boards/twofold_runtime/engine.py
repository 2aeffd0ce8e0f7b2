"""The engine's program, registers and runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from twofold_runtime.bundle import Bundle
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.frames import pack, side_by_side, unpack
from twofold_runtime.links import Buffer, Link
from twofold_runtime.registers import Registers

PROGRAM_FORMAT = "twofold program 8"
NO_INSTRUCTION = 65535
COUNTERS = ("READ_WAIT_CYCLES", "WRITE_WAIT_CYCLES", "WEIGHT_WAIT_CYCLES", "HELD_CYCLES", "INPUTS_MULTIPLIED")
POLL_SECONDS = 100e-6
STOP_SECONDS = 2.0
"""That a run may go on after ABORT; the watchdog ends it long before."""


class Run:
    """What the hardware counted in one run. counters: cycles of waiting by cause, and MACS."""

    def __init__(self, frames: int, cycles: int, counters: dict[str, int]):
        self.frames, self.cycles, self.counters = frames, cycles, counters


class Program:
    """A program of the engine in memory. prefix: of its files, which the bundle holds."""

    def __init__(self, bundle: Bundle, link: Link, prefix: str = ""):
        self.description = _description(bundle, prefix)
        self.code = _loaded(link, bundle.bytes(f"{prefix}code.bin"))
        self.image = _loaded(link, bundle.bytes(f"{prefix}image.bin"))

    @property
    def input(self) -> dict[str, Any]:
        return self.description["input"]

    @property
    def input_stride(self) -> int:
        return self.input["stride"]

    @property
    def output_stride(self) -> int:
        return self.description["output_stride"]

    @property
    def output_scale(self) -> float:
        return self.description["output_scale"]

    @property
    def output_zero_point(self) -> int:
        """The integer that stands for 0."""
        return self.regions[0]["map"]["zero_point"]

    @property
    def lanes(self) -> int:
        return self.description["geometry"]["lanes"]

    @property
    def regions(self) -> list[dict[str, Any]]:
        """Of a frame's results, the network's output first."""
        return self.description["outputs"]

    def packed(self, codes: np.ndarray) -> np.ndarray:
        return pack(side_by_side(codes, self.input["columns"]), self.lanes)

    def unpacked(self, data: np.ndarray, region: int = 0) -> np.ndarray:
        """[N, output_stride] bytes → [N, K] integers of one region."""
        return unpack(data, self.regions[region], self.lanes)


class Engine:
    """Starts runs of programs and waits for their ends. Raises AcceleratorError for another engine.

    A run that an earlier process left is ended, before it writes over what is brought into memory now.
    """

    def __init__(self, bundle: Bundle, link: Link):
        self._registers = Registers(link, bundle.json("registers.json"))
        self._clock_hz = bundle.manifest["clock_hz"]
        self._busy = self._registers.bit("STATUS", "BUSY")
        geometry = _description(bundle)["geometry"]
        expected = {
            "ID": self._registers.reset("ID"),
            "VERSION": self._registers.reset("VERSION"),
            "GEOMETRY": geometry["lanes"] | geometry["lanes"] << 8 | geometry["tiles"] << 16,
        }
        for name, value in expected.items():
            found = self._registers.read(name)
            if found != value:
                raise AcceleratorError(
                    f"register {name}: expected {value:#x} as the program needs, found {found:#x}; "
                    "the bitstream holds another engine, build it again from this project"
                )
        self.stop()

    def start(self, program: Program, source: Buffer, target: Buffer, count: int) -> None:
        """A run of `count` frames. Ends an earlier one first, as START counts only while BUSY is 0."""
        self.stop()
        values = {
            "PROGRAM_ADDR": program.code.address,
            "PROGRAM_BYTES": program.code.nbytes,
            "MODEL_ADDR": program.image.address,
            "INPUT_ADDR": source.address,
            "OUTPUT_ADDR": target.address,
            "FRAMES": count,
            "INPUT_STRIDE": program.input_stride,
            "OUTPUT_STRIDE": program.output_stride,
        }
        for name, value in values.items():
            self._registers.write(name, value)
        self._registers.write("CONTROL", self._registers.bit("CONTROL", "START"))

    def abort(self) -> None:
        """Ends the run under way."""
        self._registers.write("CONTROL", self._registers.bit("CONTROL", "ABORT"))

    def stop(self) -> None:
        """Aborts the run under way, if one is, and waits for its end, or raises AcceleratorError."""
        if not self._registers.read("STATUS") & self._busy:
            return
        self.abort()
        status = self._status(STOP_SECONDS)
        if status & self._busy:
            raise AcceleratorError(
                f"the engine: expected it idle {STOP_SECONDS:g} s after ABORT, found it busy with an earlier "
                f"run (STATUS {status:#x}); check the clock and the memory port, or load the bitstream anew"
            )

    def finish(self, program: Program, count: int, timeout: float) -> Run:
        """Waits `timeout` seconds at most for the run's end. Raises AcceleratorError for a failed run."""
        cycles = program.description["setup_cycles"] + count * program.description["frame_cycles"]
        time.sleep(min(cycles / self._clock_hz, timeout))
        status = self._wait_until_idle(program, timeout)
        if status & self._registers.bit("STATUS", "FAILED"):
            raise AcceleratorError(f"the run failed: {self._error(program)}")
        if status & self._registers.bit("STATUS", "ABORTED"):
            raise AcceleratorError("the run was aborted; start it again")
        if not status & self._registers.bit("STATUS", "DONE"):
            raise AcceleratorError(f"the run ended without being done (STATUS {status:#x})")
        return self._counted(program, count)

    def layer_cycles(self, program: Program) -> list[tuple[str, int]]:
        """Label and clock cycles of each instruction of the last run's last frame."""
        result = []
        for index, instruction in enumerate(program.description["instructions"]):
            self._registers.write("LAYER_CYCLES_INDEX", index)
            result.append((instruction["label"], self._registers.read("LAYER_CYCLES")))
        return result

    def _counted(self, program: Program, count: int) -> Run:
        frames = self._registers.read("FRAMES_DONE")
        if frames != count:
            raise AcceleratorError(f"the engine: expected {count} frames done, found {frames}")
        counters = {name: self._registers.read(name) for name in COUNTERS}
        counters["MACS"] = counters["INPUTS_MULTIPLIED"] * program.lanes
        cycles = self._registers.read("CYCLES_LO") | self._registers.read("CYCLES_HI") << 32
        return Run(frames, cycles, counters)

    def _wait_until_idle(self, program: Program, seconds: float) -> int:
        status = self._status(seconds)
        if status & self._busy:
            self.abort()
            done = self._registers.read("FRAMES_DONE")
            raise AcceleratorError(
                f"the engine is still busy after {seconds} s, {done} frames done (STATUS {status:#x}); "
                "it was told to abort. Check the clock and the memory port"
            )
        return status

    def _status(self, seconds: float) -> int:
        """STATUS as BUSY falls, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            status = self._registers.read("STATUS")
            if not status & self._busy or time.monotonic() > deadline:
                return status
            time.sleep(POLL_SECONDS)

    def _error(self, program: Program) -> str:
        """What ERROR says: the cause and the instruction whose it is."""
        error = self._registers.read("ERROR")
        cause, place = (self._registers.field("ERROR", name, error) for name in ("CAUSE", "INSTRUCTION"))
        unknown = ["UNKNOWN", "This runtime does not know the cause."]
        name, meaning = self._registers.values("ERROR", "CAUSE").get(str(cause), unknown)
        if place == NO_INSTRUCTION:
            return f"{name}. {meaning} (ERROR {error:#x})"
        steps = program.description["instructions"]
        step = f" {steps[place]['opcode']} {steps[place]['label']}" if place < len(steps) else ""
        return f"{name} at instruction {place}{step}. {meaning} (ERROR {error:#x})"


@contextmanager
def stopped_on_error(machine: Any) -> Iterator[None]:
    """Stops the run under way if the block raises, for Ctrl-C too. The block's error goes on."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            machine.stop()
        raise


def _description(bundle: Bundle, prefix: str = "") -> dict[str, Any]:
    """program.json. Raises AcceleratorError for one of another format."""
    description = bundle.json(f"{prefix}program.json")
    if description["format"] != PROGRAM_FORMAT:
        raise AcceleratorError(f"program.json: expected {PROGRAM_FORMAT!r}, found {description['format']!r}")
    return description


def _loaded(link: Link, content: bytes) -> Buffer:
    """The bytes in a buffer that the engine can read."""
    buffer = link.buffer(len(content))
    buffer.put(np.frombuffer(content, np.uint8))
    return buffer
