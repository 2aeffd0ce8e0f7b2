"""Synthesis: what the kinds of processing element become on xc7, and what happens when it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.partial_sums import PartialSums
from twofold.rtl.primitives.family import Family
from twofold.synth.yosys import synthesise

KEPT = Path("build/synth")

COUNTER = """
module counter (input clk, output reg [7:0] q);
  always @(posedge clk) q <= q + 1;
endmodule
"""


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    path = tmp_path / "counter.v"
    path.write_text(COUNTER)
    return path


def test_packed_int8_is_a_cascade_of_dsp_blocks() -> None:
    used = synthesise(Int8Dsp(4, 4, Family.XC7).component(), "pe", cache=KEPT)
    assert (used.dsp, used.cascaded_dsp) == (8, 6)
    # Outside of the blocks there are the repair and the weights in waiting, not a single product or sum.
    assert used.lut / 16 < 6


def test_shifts_need_no_dsp() -> None:
    kind = ApotShift(4, 2, activation_bits=4, family=Family.XC7)
    used = synthesise(kind.component(), "pe", cache=KEPT)
    assert (used.dsp, used.bram36, used.lutram) == (0, 0, 0)
    assert used.lut / 8 < 13


def test_partial_sums_are_block_ram() -> None:
    used = synthesise(PartialSums(lanes=3, x_bits=20, depth=512), "sums", cache=KEPT)
    assert used.bram36 == 1.0


def test_a_source_is_synthesised_once_until_it_changes(counter: Path, tmp_path: Path) -> None:
    used = synthesise(counter, "counter", cache=tmp_path)
    assert (used.ff, used.dsp, used.bram36) == (8, 0, 0.0)
    (kept,) = tmp_path.glob("counter-*.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"ff": 99}))
    assert synthesise(counter, "counter", cache=tmp_path).ff == 99
    counter.write_text(COUNTER.replace("[7:0]", "[8:0]"))
    assert synthesise(counter, "counter", cache=tmp_path).ff == 9


def test_yosys_says_why(counter: Path, tmp_path: Path) -> None:
    counter.write_text(COUNTER.replace("endmodule", ""))
    with pytest.raises(UserError, match=r"Yosys could not synthesise counter: .*syntax error") as caught:
        synthesise(counter, "counter", cache=tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("counter-*.json"))


def test_the_time_limit_ends_it(counter: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"synthesis of counter: not done in 0\.01 s"):
        synthesise(counter, "counter", time_limit=0.01, cache=tmp_path)


def test_families_are_named(counter: Path) -> None:
    with pytest.raises(UserError, match="expected a family among xc7, xcup, ecp5, got 'ice40'"):
        synthesise(counter, "counter", family="ice40")
