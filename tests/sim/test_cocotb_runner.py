"""Builds are cached, passing benches give results, and nothing else looks like a pass."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, port_names, run

COUNTER = """
module counter(clk, rst, step, total);
  input clk, rst;
  input [7:0] step;
  output reg [7:0] total;
  reg [7:0] hidden;
  always @(posedge clk) hidden <= step;
  always @(posedge clk) if (rst) total <= 0; else total <= total + step;
endmodule
"""
BENCH = """
import os
import random
import time

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

@cocotb.test()
async def counts(dut):
    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value, dut.step.value = 1, int(os.environ["STEP"])
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    for _ in range(5):
        await RisingEdge(dut.clk)
    assert int(dut.total.value) == 12

@cocotb.test()
async def sees_ports_only(dut):
    assert not hasattr(dut, "hidden")

@cocotb.test()
async def same_seed(dut):
    assert random.random() == random.Random(int(os.environ["SEED"])).random()

@cocotb.test()
async def crashes(dut):
    os._exit(3)

@cocotb.test()
async def hangs(dut):
    time.sleep(60)
"""
SKIPPING_BENCH = """
import cocotb

@cocotb.test(skip=True)
async def skipped(dut):
    pass

@cocotb.test()
async def passes(dut):
    pass
"""


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    folder = tmp_path_factory.mktemp("runner")
    (folder / "counter.v").write_text(COUNTER)
    (folder / "counter_bench.py").write_text(BENCH)
    (folder / "skipping_bench.py").write_text(SKIPPING_BENCH)
    return build([folder / "counter.v"], "counter", folder / "built", optimise="-O0")


@pytest.fixture(autouse=True)
def bench_on_path(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(simulation.executable.parents[2]), *sys.path])


def test_a_second_build_reuses_the_first(simulation: Simulation) -> None:
    before = simulation.executable.stat().st_mtime_ns
    folder = simulation.executable.parents[2]
    again = build([folder / "counter.v"], "counter", folder / "built", optimise="-O0")
    assert again == simulation
    assert again.executable.stat().st_mtime_ns == before


def test_passing_tests_are_returned_and_leave_no_folder(
    simulation: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = run(simulation, "counter_bench", tests="counts|sees_ports", env={"STEP": "3"})
    assert [result.name for result in results] == ["counts", "sees_ports_only"]
    assert results[0].simulated_ns > 10
    assert not list((simulation.executable.parent / "runs").iterdir())


def test_a_failing_test_raises_with_its_assertion_and_the_log(simulation: Simulation) -> None:
    with pytest.raises(SimulationError, match=r"failing tests: \['counts'\]") as caught:
        run(simulation, "counter_bench", tests="counts", env={"STEP": "4"})
    assert "int(dut.total.value) == 12" in str(caught.value)


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("crashes", "the simulator ended with"),
        ("hangs", "timed out after 3"),
        ("no_such_test", "0 tests, 0 failed"),
    ],
)
def test_a_bench_that_did_not_run_is_no_pass(simulation: Simulation, tests: str, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        run(simulation, "counter_bench", tests=tests, timeout=3)


def test_a_skipped_test_is_no_pass(simulation: Simulation) -> None:
    with pytest.raises(SimulationError, match=r"2 tests, 0 failed, skipped: \['skipped'\]"):
        run(simulation, "skipping_bench")


def test_a_design_that_does_not_compile_shows_verilators_words(tmp_path: Path) -> None:
    (tmp_path / "broken.v").write_text("module broken(input a, output b); assign b = c +; endmodule\n")
    with pytest.raises(SimulationError, match="syntax error"):
        build([tmp_path / "broken.v"], "broken", tmp_path / "built")
    assert not list((tmp_path / "built").iterdir())


def test_missing_sources_and_modules_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a Verilog file, found none at"):
        build([tmp_path / "absent.v"], "absent", tmp_path)
    (tmp_path / "other.v").write_text("module other(input a); endmodule\n")
    with pytest.raises(UserError, match="expected a Verilog module absent"):
        build([tmp_path / "other.v"], "absent", tmp_path)


def test_ports_are_found_in_both_styles_of_header() -> None:
    ansi = "(* keep *) module top #(parameter A = 1) (input wire [7:0] a, // first\n output reg b /* c */);"
    assert port_names(ansi, "top") == ["a", "b"]
    assert port_names("module x(q);\nendmodule\n" + COUNTER, "counter") == ["clk", "rst", "step", "total"]
