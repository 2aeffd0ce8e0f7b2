"""Small components on Amaranth's own simulator, which needs no compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator

Simulate = Callable[[Elaboratable, Callable[[Any], Any]], None]


@pytest.fixture
def simulate() -> Simulate:
    """Runs a test bench on a component to its end; the clock is `sync`."""

    def run(component: Elaboratable, bench: Callable[[Any], Any]) -> None:
        simulator = Simulator(component)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()

    return run
