"""WriteDma on a stalling memory, for two geometries and two seeds, and with a wrong end of burst."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.rtl.bus import write_dma
from twofold.rtl.bus.write_dma import WriteDma
from twofold.rtl.verilog import to_verilog
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.bus_write_dma"


def compiled(dma: WriteDma, folder: Path) -> Simulation:
    to_verilog(dma, "write_dma", folder / "write_dma.v")
    return build([folder / "write_dma.v"], "write_dma", folder / "built")


@pytest.mark.parametrize(("max_burst", "outstanding"), [(16, 4), (1, 1)])
def test_bench_passes_with_two_seeds(tmp_path: Path, max_burst: int, outstanding: int) -> None:
    simulation = compiled(WriteDma(max_burst, outstanding), tmp_path)
    env = {"MAX_BURST": str(max_burst), "OUTSTANDING": str(outstanding)}
    # With one burst under way at a time the answers' latency shows.
    tests = None if outstanding > 1 else "^(?!.*takes_the_documented_cycles)"
    for seed in (1, 2):
        assert len(run(simulation, BENCH, tests=tests, env=env, seed=seed)) >= 6


def test_a_wrong_end_of_burst_fails_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_dma, "BEAT_SHIFT", 4)
    with pytest.raises(SimulationError, match=r"failing tests: \['crosses_boundaries'\]"):
        run(compiled(WriteDma(), tmp_path), BENCH, tests="crosses_boundaries")


def test_max_burst_must_be_a_power_of_two() -> None:
    with pytest.raises(ValueError, match=r"^max_burst must be a power of two from 1 to 256, not 24$"):
        WriteDma(24)
