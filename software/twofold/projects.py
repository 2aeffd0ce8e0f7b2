"""A network as an engine: its device, its Verilog, its project for a board."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from twofold.boards.board import Board
from twofold.boards.project import generate
from twofold.network.graph import Network
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.rtl.engine import Engine
from twofold.rtl.verilog import to_verilog
from twofold.sim.engine import TOP
from twofold.synth.devices import Device


def device_of(board: Board) -> Device:
    """The board's FPGA."""
    return Device(board.device, "xc7", **asdict(board.resources))


def write_engine_project(network: Network, board: Board, out: Path) -> Path:
    """The Vivado project of the engine for `network`, with driver and program; returns its README's path."""
    program = plan(network, propose(network))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        to_verilog(Engine(program.geometry), TOP, folder / f"{TOP}.v")
        program.save(folder / "program")
        return generate(board, folder / f"{TOP}.v", folder / "program", out)
