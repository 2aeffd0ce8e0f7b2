"""A network as an engine: its device, its Verilog, its project for a board."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from twofold.boards.board import Board
from twofold.boards.project import generate
from twofold.network.graph import Network
from twofold.plan.fit import check_fits
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry
from twofold.rtl.primitives.family import Family
from twofold.rtl.verilog import to_verilog
from twofold.sim.engine import TOP
from twofold.synth.devices import Device


def device_of(board: Board) -> Device:
    """The board's FPGA."""
    counts = {name: count for name, count in asdict(board.resources).items() if name != "uram"}
    return Device(board.device, board.family, **counts)


def propose_for(board: Board, network: Network) -> Geometry:
    """The smallest engine for `network`, built from the primitives of the board's FPGA.

    Raises UserError if it is predicted not to fit.
    """
    device = device_of(board)
    return check_fits(network, propose(network, family=Family(device.family)), device)


def write_engine_project(network: Network, board: Board, out: Path) -> Path:
    """The Vivado project of the engine for `network`, with driver and program; returns its README's path."""
    program = plan(network, propose_for(board, network))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        to_verilog(Engine(program.geometry), TOP, folder / f"{TOP}.v")
        program.save(folder / "program")
        return generate(board, folder / f"{TOP}.v", folder / "program", out)
