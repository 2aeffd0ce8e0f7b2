"""Board files are read whole or refused with file, key, expected and found."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from twofold.boards.board_file import CATALOGUE, board_names, load_board, read_board
from twofold.boards.flashing_ways import Jtag, Ssh
from twofold.boards.listing import COLUMNS, as_json, row
from twofold.boards.sources import source_of
from twofold.boards.systems import Fabric, Zynq7000, ZynqMpsoc, ZynqSystem
from twofold.errors import UserError
from twofold.rtl.primitives.family import Family
from twofold.synth.devices import K26, ZU7EV, ZYNQ_7020, Device

ZYNQ, ARTY = CATALOGUE / "pynq-z2.toml", CATALOGUE / "arty-a7-100t.toml"
OF_THE_ISSUE = (
    *("arty-a7-100t", "arty-z7-20", "kv260", "pynq-z1", "pynq-z2", "ultra96-v2", "zcu104", "zedboard"),
    "zybo-z7-20",
)


def test_the_catalogue() -> None:
    assert board_names() == OF_THE_ISSUE


@pytest.mark.parametrize("name", board_names())
def test_a_file_of_the_catalogue_holds_to_the_schema(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert board.family is (Family.XCUP if board.part.startswith(("xczu", "xck")) else Family.XC7)
    assert isinstance(board.system, ZynqMpsoc if board.family is Family.XCUP else Zynq7000 | Fabric)
    assert isinstance(board.flash, Jtag if isinstance(board.system, Fabric) else Ssh)
    assert all(document.url.startswith(("https://", "docs/")) for document in board.documents.values())
    if isinstance(board.system, ZynqSystem):
        prefix = "PSU" if isinstance(board.system, ZynqMpsoc) else "PCW"
        assert all(name.startswith(prefix) or name == "preset" for name in board.system.parameters)


def test_pynq_z2_is_read() -> None:
    board = load_board("pynq-z2")
    assert board.part == "xc7z020clg400-1"
    assert (board.registers.base, board.registers.bytes) == (0x43C0_0000, 0x1000)
    assert board.clock.frequency_mhz == 100.0
    assert isinstance(board.system, Zynq7000)
    assert board.system.parameters["PCW_SD0_SD0_IO"] == "MIO 40 .. 45"


def test_the_nearest_source_of_a_value_counts() -> None:
    sources = load_board("pynq-z2").sources
    assert source_of("memory.base", sources) == "ug585"
    assert source_of("memory.bytes", sources) == "ps"
    assert source_of("title", sources) is None


@pytest.mark.parametrize(("board", "device"), [("pynq-z2", ZYNQ_7020), ("kv260", K26), ("zcu104", ZU7EV)])
def test_resources_are_those_that_synthesis_counts_against(board: str, device: Device) -> None:
    found, expected = asdict(load_board(board).resources), asdict(device)
    for name in ("lut", "lutram", "ff", "dsp", "bram36"):
        assert found[name] == expected[name], name


def test_an_unknown_board_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"^board 'zed': expected one of arty-a7-100t, .*, zybo-z7-20, or a"):
        load_board("zed")


def test_a_row_and_json_show_a_board() -> None:
    cells = dict(zip(COLUMNS, row(load_board("arty-a7-100t")), strict=True))
    assert (cells["system"], cells["LUT"]) == ("fabric", "63,400")
    assert cells["flashed by"] == "openFPGALoader (arty_a7_100t)"
    written = as_json(load_board("arty-a7-100t"))
    content = tomllib.loads(ARTY.read_text())
    assert written == content


@pytest.mark.parametrize(
    ("source", "old", "new", "message"),
    [
        (ZYNQ, 'part = "xc7z020clg400-1"', "part = 7020", r"part: expected str, found 7020"),
        (ZYNQ, "lut = 53200", "lut = 53200.5", r"resources.lut: expected int, found 53200.5"),
        (ZYNQ, "lut = 53200", "lut = -1", r"resources.lut: expected 0 or more, found -1"),
        (ZYNQ, "dsp = 220", "dsps = 220", r"missing key resources.dsp; expected bram36, dsp, ff"),
        (ZYNQ, "dsp = 220", "dsp = 220\ngtx = 1", r"unknown key resources.gtx"),
        (ZYNQ, "frequency_mhz = 100.0", "frequency_mhz = 0.0", r"clock.frequency_mhz: expected a number"),
        (ZYNQ, "bytes = 0x1000\n", "bytes = 0x1800\n", r"registers.bytes: expected a power of two"),
        (ZYNQ, "base = 0x43C0_0000", "base = 0x43C0_0800", r"registers.base: expected a multiple"),
        (ZYNQ, "base = 0x43C0_0000", "base = 0x1_0000_0000", r"registers.base: .* below 2\^32"),
        (ARTY, "bytes = 0x0002_0000", "bytes = 0x1_0000_0000", r"memory.base: .* that ends below 2\^32"),
        (ZYNQ, "frequency_mhz = 100.0", "frequency_mhz = inf", r"clock.frequency_mhz: expected a number"),
        (ZYNQ, 'FREQMHZ = "50"', "FREQMHZ = 50", "PCW_CRYSTAL_PERIPHERAL_FREQMHZ: expected str, found 50"),
        (ZYNQ, 'FREQMHZ = "50"', 'FREQMHZ = "50} [exec id"', "FREQMHZ: expected no '}', which is an"),
        (ZYNQ, 'part = "xc7z020clg400-1"', 'part = "x; exec id"', "part: expected no ';'"),
        (ZYNQ, 'part = "xc7z020clg400-1"', 'part = "$env(HOME)"', r"part: expected no '\$'"),
        (ZYNQ, "[clock]", "[clock", "expected a TOML file that describes a board"),
        (ZYNQ, 'family = "xc7"', 'family = "ecp5"', "family: expected one of portable, xc7, xcup"),
        (ZYNQ, '"zynq-7000"', '"zynq"', "system.kind: expected one of zynq-7000, zynq-mpsoc, fabric"),
        (ZYNQ, 'kind = "zynq-7000"\n', "", "missing key system.kind"),
        (ZYNQ, '"zynq-7000"', '"fabric"', "missing key system.baud"),
        (ZYNQ, 'method = "ssh"', 'method = "jtag"', "missing key flash.openfpgaloader"),
        (ZYNQ, 'clock = "clock"\n', "", r"clock.frequency_mhz: expected its source"),
        (ZYNQ, 'flash = "flash"', 'flash = "hearsay"', "sources.flash: expected one of .*, found 'hearsay'"),
        (ZYNQ, 'clock = "clock"', 'clock = "clock"\nleds = "ps"', "sources.leds: expected a key or table"),
        (ZYNQ, 'clock = "clock"', 'clock = "ps"', "documents.clock: expected a value that is from it"),
        (ARTY, "baud = 2000000", "baud = 115200", r"system.baud: expected a divisor of the clock's 100 MHz"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused(tmp_path: Path, source: Path, old: str, new: str, message: str) -> None:
    text = source.read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=message) as caught:
        read_board(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent.toml: expected a board's TOML file, .*: No such file"):
        load_board(str(tmp_path / "absent.toml"))


def test_a_users_own_file_is_a_board_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ZYNQ.read_text().replace("frequency_mhz = 100.0", "frequency_mhz = 50"))
    assert load_board(str(path)).clock.frequency_mhz == 50
