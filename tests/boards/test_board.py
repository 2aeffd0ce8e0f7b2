"""Board files are read whole or refused with file, key, expected and found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from twofold.boards import board as module
from twofold.boards.board import board_names, load_board, read_board
from twofold.errors import UserError
from twofold.synth.devices import ZYNQ_7020

SOURCE = Path(module.__file__).parent / "pynq-z2.toml"


def test_pynq_z2_is_read() -> None:
    board = load_board("pynq-z2")
    assert board.part == "xc7z020clg400-1"
    assert (board.registers.base, board.registers.bytes) == (0x43C0_0000, 0x1000)
    assert board.clock.frequency_mhz == 100.0
    assert board.processing_system["PCW_SD0_SD0_IO"] == "MIO 40 .. 45"


def test_every_board_is_named_after_its_file() -> None:
    assert board_names()
    for name in board_names():
        assert load_board(name).name == name


def test_resources_are_those_that_synthesis_counts_against() -> None:
    device = asdict(ZYNQ_7020)
    assert asdict(load_board("pynq-z2").resources) == {
        key: device[key] for key in ("lut", "lutram", "ff", "dsp", "bram36")
    }


def test_an_unknown_board_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"^board 'zed': expected one of pynq-z2"):
        load_board("zed")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('part = "xc7z020clg400-1"', "part = 7020", r"part: expected str, found 7020"),
        ("lut = 53200", "lut = 53200.5", r"resources.lut: expected int, found 53200.5"),
        ("lut = 53200", "lut = -1", r"resources.lut: expected 0 or more, found -1"),
        ("dsp = 220", "dsps = 220", r"missing key resources.dsp; expected bram36, dsp, ff, lut, lutram"),
        ("dsp = 220", "dsp = 220\nuram = 1", r"unknown key resources.uram"),
        ("frequency_mhz = 100.0", "frequency_mhz = 0.0", r"clock.frequency_mhz: expected more than 0"),
        ("bytes = 0x1000 ", "bytes = 0x1800 ", r"registers.bytes: expected a power of two"),
        ("base = 0x43C0_0000", "base = 0x43C0_0800", r"registers.base: expected a multiple"),
        (
            'PCW_CRYSTAL_PERIPHERAL_FREQMHZ = "50"',
            "PCW_CRYSTAL_PERIPHERAL_FREQMHZ = 50",
            "expected str, found 50",
        ),
        ("[clock]", "[clock", "expected a TOML file that describes a board"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = SOURCE.read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=message) as caught:
        read_board(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a TOML file that describes a board"):
        load_board(str(tmp_path / "absent.toml"))


def test_a_users_own_file_is_a_board_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SOURCE.read_text().replace("frequency_mhz = 100.0", "frequency_mhz = 50"))
    assert load_board(str(path)).clock.frequency_mhz == 50
