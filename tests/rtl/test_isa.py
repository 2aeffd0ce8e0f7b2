"""Instructions: every field where the hardware reads it, and errors for what does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from amaranth.hdl import Const, Module, Shape, Value
from amaranth.lib import data
from amaranth.sim import Simulator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twofold.rtl.isa import (
    INSTRUCTION_BYTES,
    LAYER,
    LAYOUTS,
    TRANSFER,
    Opcode,
    encode,
    layer_of,
    names_more,
)


def bounds(layout: data.StructLayout, name: str) -> tuple[int, int]:
    shape = Shape.cast(layout[name].shape)
    low = -(1 << (shape.width - 1)) if shape.signed else 0
    return low, low + (1 << shape.width) - 1


def any_fields(opcode: Opcode) -> st.SearchStrategy[dict[str, int]]:
    layout = LAYOUTS[opcode]
    names = [name for name in layout.members if name != "opcode"]
    return st.fixed_dictionaries({name: st.integers(*bounds(layout, name)) for name in names})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_fields_come_back_from_the_layout(drawn: st.DataObject) -> None:
    opcode = drawn.draw(st.sampled_from(Opcode))
    fields = drawn.draw(any_fields(opcode))
    code = encode(opcode, fields)
    assert len(code) == INSTRUCTION_BYTES
    layout = LAYOUTS[opcode]
    word = layout.from_bits(int.from_bytes(code, "little") & (1 << layout.size) - 1)
    assert {name: int(word[name]) for name in layout.members} == {"opcode": opcode, **fields}


@pytest.mark.parametrize(("tiles", "counts", "logarithms"), [(1, 1, 0), (8, 15, 3), (16, 31, 7)])
def test_an_engine_reads_the_bits_that_its_tiles_need(tiles: int, counts: int, logarithms: int) -> None:
    ones = Const(-1, 8 * INSTRUCTION_BYTES)
    layer = LAYER.from_bits(_value(layer_of(ones, tiles).as_value()))
    assert [layer[name] for name in ("tile_blocks", "last_blocks")] == [counts] * 2
    assert [layer[name] for name in ("blocks_log2", "in_fold", "out_fold")] == [logarithms] * 3
    assert layer["out_groups"] == 255 and layer["in_bank"] == 15
    assert _value(names_more(ones, tiles)) == (tiles < 16)
    assert _value(names_more(layer_of(ones, tiles).as_value(), tiles)) == 0


def _value(expression: Value) -> int:
    found = []

    async def bench(ctx: Any) -> None:
        found.append(ctx.get(expression))

    simulator = Simulator(Module())
    simulator.add_testbench(bench)
    simulator.run()
    return int(found[0])


def test_the_opcode_is_in_the_same_place_in_all_layouts() -> None:
    assert {layout["opcode"] for layout in LAYOUTS.values()} == {LAYER["opcode"]}
    assert LAYER["opcode"].offset == 0
    assert max(layout.size for layout in LAYOUTS.values()) <= 8 * INSTRUCTION_BYTES


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("words", 1 << 16, r"^STORE\.words: expected 0 to 65535, got 65536$"),
        ("offset", -8, r"^STORE\.offset: expected 0 to 4294967295, got -8$"),
    ],
)
def test_values_that_do_not_fit(field: str, value: int, message: str) -> None:
    fields = dict.fromkeys(TRANSFER.members, 0) | {field: value}
    del fields["opcode"]
    with pytest.raises(ValueError, match=message):
        encode(Opcode.STORE, fields)


def test_unknown_and_missing_fields() -> None:
    with pytest.raises(
        ValueError, match=r"^END: expected the fields \['opcode'\], got \['opcode', 'words'\]$"
    ):
        encode(Opcode.END, {"words": 1})
    with pytest.raises(ValueError, match=r"^LOAD: expected the fields"):
        encode(Opcode.LOAD, {"words": 1})
