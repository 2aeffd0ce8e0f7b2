"""Register maps refuse what cannot be built, and describe themselves."""

from __future__ import annotations

import json

import pytest

from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.bus.register_map import Access, Field, Register, RegisterMap
from twofold.rtl.control.run_errors import CAUSES


@pytest.mark.parametrize(
    ("offset", "width", "reset", "message"),
    [
        (2, 32, 0, "R: offset must be a multiple of 4, not 0x2"),
        (0, 33, 0, "R: width must be 1 to 32, not 33"),
        (0, 4, 16, "R: reset 0x10 does not fit 4 bits"),
    ],
)
def test_a_register_checks_its_numbers(offset: int, width: int, reset: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Register("R", offset, Access.RW, "", width, reset)


def test_a_field_must_lie_in_its_register() -> None:
    with pytest.raises(ValueError, match=r"^R\.F: bits lie outside the register's 4$"):
        Register("R", 0, Access.RW, "", width=4, fields=(Field("F", 2, 3, ""),))


def test_names_and_offsets_must_differ() -> None:
    with pytest.raises(ValueError, match=r"the same offset: \[0\]"):
        RegisterMap((Register("A", 0, Access.RW, ""), Register("B", 0, Access.RW, "")))
    with pytest.raises(ValueError, match=r"the same name: \['A'\]"):
        RegisterMap((Register("A", 0, Access.RW, ""), Register("A", 4, Access.RW, "")))


def test_a_map_describes_itself_for_the_driver() -> None:
    entries = {entry["name"]: entry for entry in json.loads(json.dumps(engine_registers(8, 32).as_json()))}
    assert entries["CONTROL"]["offset"] == 0x08
    assert entries["STATUS"]["fields"]["DONE"] == {
        "low": 1,
        "width": 1,
        "doc": "The last run has ended; cleared by START.",
        "values": {},
    }
    causes = entries["ERROR"]["fields"]["CAUSE"]["values"]
    assert causes == {str(int(cause)): [cause.name, doc] for cause, doc in CAUSES.items()}
    assert entries["GEOMETRY"]["reset"] == 8 | 32 << 8 | 1 << 16


def test_tiles_must_fit_the_geometry_register() -> None:
    with pytest.raises(ValueError, match=r"^tout must be 1 to 255, not 256$"):
        engine_registers(16, 256)
