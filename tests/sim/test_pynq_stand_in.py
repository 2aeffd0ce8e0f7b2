"""The stand-in behaves as PYNQ's four names do where a driver can tell."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from cocotbext.axi.memory import Memory

from twofold.sim.pynq_stand_in import ADDRESS_RANGE, BASE_ADDRESS, Board, installed


@pytest.fixture
def board() -> Board:
    return Board(None, Memory(1 << 24), "engine_0")


def test_a_buffer_reaches_memory_when_flushed_only(board: Board) -> None:
    buffer = board.allocate((2, 4), "u1")
    buffer[:] = np.arange(8).reshape(2, 4)
    address = buffer.device_address
    assert bytes(board.memory.read(address, 8)) != bytes(range(8))
    buffer.flush()
    assert bytes(board.memory.read(address, 8)) == bytes(range(8))


def test_memory_reaches_a_buffer_when_invalidated_only(board: Board) -> None:
    buffer = board.allocate((4,), "u2")
    board.memory.write(buffer.physical_address, np.arange(4, dtype="u2").tobytes())
    assert not buffer.any()
    buffer.invalidate()
    assert buffer.tolist() == [0, 1, 2, 3]


def test_buffers_do_not_overlap(board: Board) -> None:
    first, second = board.allocate((5000,), "u1"), board.allocate((1,), "u1")
    assert second.device_address >= first.device_address + 5000
    assert first.device_address % 4096 == second.device_address % 4096 == 0


def test_a_part_of_a_buffer_cannot_be_flushed(board: Board) -> None:
    with pytest.raises(ValueError, match="only whole buffers have an address"):
        board.allocate((4,), "u1")[1:].flush()


def test_an_overlay_needs_its_bitstream(board: Board, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="does not exist"):
        board.overlay(str(tmp_path / "absent.bit"))
    (tmp_path / "there.bit").touch()
    overlay = board.overlay(str(tmp_path / "there.bit"))
    assert overlay.ip_dict == {"engine_0": {"phys_addr": BASE_ADDRESS, "addr_range": ADDRESS_RANGE}}


def test_only_the_engine_is_mapped(board: Board) -> None:
    with pytest.raises(ValueError, match="nothing is mapped at 0x0"):
        board.mmio(0, ADDRESS_RANGE)
    registers = board.mmio(BASE_ADDRESS, ADDRESS_RANGE)
    with pytest.raises(ValueError, match="expected a 32-bit register"):
        registers.read(2)
    with pytest.raises(ValueError, match="expected a 32-bit register and value"):
        registers.write(0, 1 << 32)


def test_installing_replaces_pynq_for_a_while(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ModuleType("pynq")
    monkeypatch.setitem(sys.modules, "pynq", real)
    with installed(board):
        import pynq

        assert pynq.allocate == board.allocate
    assert sys.modules["pynq"] is real
