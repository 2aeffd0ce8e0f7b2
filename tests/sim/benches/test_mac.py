"""The cocotb bench of the PE arrays: random and extreme weights, and a wrong weight code."""

from __future__ import annotations

from pathlib import Path

import pytest

from twofold.rtl.mac.apot_shift import ApotShift
from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.verilog import to_verilog
from twofold.sim.cocotb_runner import SimulationError, build, run

BENCH = "twofold.sim.benches.mac"


@pytest.mark.parametrize("kind", [ApotShift(4, 4), Int8Dsp(4, 4), LutDa(4, 4)], ids=lambda kind: kind.name)
def test_sums_are_exact_and_a_wrong_weight_is_not(kind: PeKind, tmp_path: Path) -> None:
    source = tmp_path / "pe.sv"
    to_verilog(kind.component(), "pe", source)
    simulation = build([source], "pe", Path("build/benches"), optimise="-O0")
    env = {"PE": kind.name, "TIN": str(kind.tin), "TOUT": str(kind.tout)}
    assert len(run(simulation, BENCH, env=env)) == 2
    with pytest.raises(SimulationError, match=r"failing tests: \['random_weights'\]"):
        run(simulation, BENCH, env=env | {"WRONG_WEIGHT": "3"}, tests="random_weights")
