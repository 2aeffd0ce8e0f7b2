"""What a project is written for: the engine with its program, or an hls4ml network behind a kernel."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from twofold.boards.board import Board
from twofold.boards.cores import ENGINE, ENGINE_ACCELERATOR, Accelerator, PackagedCore
from twofold.boards.wrapper import module_ports
from twofold.errors import UserError
from twofold.network.host import HostWork
from twofold.plan.program import Program
from twofold.rtl.bus.engine_registers import engine_registers

PROGRAM_FILES = ("program.json", "code.bin", "image.bin")


class Design(Protocol):
    """A design's files and its core.

    backend: rtl or hls. cores: those of ours that package_ip.tcl packages. digest: SHA-256 of what the
    bitstream depends on. network_digest: of `twofold.network.digest.digest`. input_shape: channels, height,
    width. host: what is done around the network.
    """

    @property
    def backend(self) -> str: ...
    @property
    def accelerator(self) -> Accelerator: ...
    @property
    def cores(self) -> tuple[PackagedCore, ...]: ...
    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def network_digest(self) -> str: ...
    @property
    def input_shape(self) -> tuple[int, int, int]: ...
    @property
    def host(self) -> HostWork: ...
    def sources(self, board: Board) -> Mapping[str, str | bytes]:
        """Path below the project → content of the accelerator's sources. Raises UserError for bad inputs."""

    def board_files(self) -> Mapping[str, str | bytes]:
        """Name → content of what the runtime reads besides the manifest."""


class EngineDesign:
    """verilog: the engine, module `engine` as `twofold.rtl.verilog` writes it. program: for that engine.
    selftest: the same network traced, with frames and the integers of each layer; empty for none.
    """

    backend = "rtl"
    accelerator = ENGINE_ACCELERATOR
    cores = (ENGINE,)

    def __init__(self, verilog: Path, program: Program, selftest: Mapping[str, str | bytes] | None = None):
        if not verilog.is_file():
            raise UserError(f"expected the engine's Verilog at {verilog}, found no file")
        self._text, self._program = verilog.read_text(), program
        self._selftest = dict(selftest or {})
        module_ports(self._text, ENGINE.module, ENGINE.shape)

    @property
    def name(self) -> str:
        return self._program.name

    @property
    def digest(self) -> str:
        return hashlib.sha256(self._text.encode()).hexdigest()

    @property
    def network_digest(self) -> str:
        return self._program.network_digest

    @property
    def input_shape(self) -> tuple[int, int, int]:
        map_ = self._program.input.map
        return map_.channels, map_.height, map_.width

    @property
    def host(self) -> HostWork:
        return self._program.host

    def sources(self, board: Board) -> Mapping[str, str | bytes]:
        return {f"rtl/{ENGINE.source}": self._text}

    def board_files(self) -> Mapping[str, str | bytes]:
        lanes = self._program.geometry.lanes
        registers = json.dumps(engine_registers(lanes, lanes).as_json(), indent=1) + "\n"
        return {**program_files(self._program), "registers.json": registers, **self._selftest}


def program_files(program: Program) -> Mapping[str, bytes]:
    """Name → content of what `Program.save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        program.save(Path(folder))
        return {name: (Path(folder) / name).read_bytes() for name in PROGRAM_FILES}
