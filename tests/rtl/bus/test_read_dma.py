"""ReadDma on a stalling memory with two seeds, and with a wrong address step."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.rtl.bus import bursts
from twofold.rtl.bus.read_dma import ReadDma
from twofold.rtl.verilog import to_verilog
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.bus_read_dma"


def compiled(dma: ReadDma, folder: Path) -> Simulation:
    to_verilog(dma, "read_dma", folder / "read_dma.v")
    return build([folder / "read_dma.v"], "read_dma", folder / "built")


def test_bench_passes_with_two_seeds(tmp_path: Path) -> None:
    simulation = compiled(ReadDma(max_burst=16, outstanding=4), tmp_path)
    env = {"MAX_BURST": "16", "OUTSTANDING": "4"}
    for seed in (1, 2):
        assert len(run(simulation, BENCH, env=env, seed=seed)) == 8


def test_a_wrong_address_step_fails_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bursts, "BEAT_SHIFT", 4)
    with pytest.raises(SimulationError, match=r"failing tests: \['crosses_boundaries'\]"):
        run(compiled(ReadDma(), tmp_path), BENCH, tests="crosses_boundaries")


@pytest.mark.parametrize("max_burst", [0, 3, 512])
def test_max_burst_must_be_a_power_of_two(max_burst: int) -> None:
    with pytest.raises(ValueError, match=rf"^max_burst must be a power of two .*, not {max_burst}$"):
        ReadDma(max_burst)


def test_outstanding_and_beats_width_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"^outstanding must be at least 1, not 0$"):
        ReadDma(outstanding=0)
    with pytest.raises(ValueError, match=r"^beats_width must be at least 1, not 0$"):
        ReadDma(beats_width=0)
