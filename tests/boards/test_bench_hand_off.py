"""Our reading of a hand-off file is pynqmetadata's, and the bench notices where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from twofold_runtime.hand_off import HandOff

from twofold.boards.bench_hand_off import main, ours, theirs

SAMPLE = Path(__file__).parents[1] / "assets" / "hwh" / "small.hwh"


def test_a_sample_is_read_as_pynqmetadata_reads_it() -> None:
    expected = {
        ("engine_0", "s_axi", "reg0", "register", 0x43C0_0000, 0x1000),
        ("storage", "S_AXI", "Mem0", "memory", 0x4000_0000, 0x1_0000),
    }
    assert ours(SAMPLE) == theirs(SAMPLE) == expected
    assert main([str(SAMPLE)]) == 0
    assert main([]) == 1


def test_another_reading_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = HandOff.parse
    monkeypatch.setattr(
        HandOff, "parse", lambda content: parse(content.replace(b"0x43C00FFF", b"0x43C01FFF"))
    )
    assert main([str(SAMPLE)]) == 1


def test_windows_and_clocks() -> None:
    found = HandOff.parse(SAMPLE.read_bytes())
    assert found.window("engine_0") == (0x43C0_0000, 0x1000)
    assert found.clocks_hz == {"engine_0": {"clk": 100_000_000}}
