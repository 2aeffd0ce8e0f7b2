"""The register block with the engine's map on a stalling master, and with two offsets exchanged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.bus.register_map import Access, Register, RegisterMap
from twofold.rtl.bus.registers import RegisterBlock
from twofold.rtl.verilog import port_widths, to_verilog
from twofold.sim.cocotb_runner import Simulation, SimulationError, build, run

BENCH = "twofold.sim.benches.bus_registers"


def compiled(registers: RegisterMap, folder: Path) -> Simulation:
    to_verilog(RegisterBlock(registers), "registers", folder / "registers.v")
    return build([folder / "registers.v"], "registers", folder / "built")


def exchanged(registers: RegisterMap, first: str, second: str) -> RegisterMap:
    offsets = {first: registers[second].offset, second: registers[first].offset}
    return RegisterMap(
        tuple(replace(entry, offset=offsets.get(entry.name, entry.offset)) for entry in registers.registers)
    )


def test_bench_passes_with_two_seeds(tmp_path: Path) -> None:
    simulation = compiled(engine_registers(12, 20), tmp_path)
    for seed in (1, 2):
        assert len(run(simulation, BENCH, env={"TIN": "12", "TOUT": "20"}, seed=seed)) == 8


def test_exchanged_offsets_fail_the_bench(tmp_path: Path) -> None:
    mutant = exchanged(engine_registers(16, 16), "FRAMES", "INPUT_STRIDE")
    with pytest.raises(SimulationError, match=r"failing tests: \['registers_keep_what_is_written'\]"):
        run(compiled(mutant, tmp_path), BENCH, tests="registers_keep_what_is_written")


def test_ports_have_the_names_that_vivado_infers() -> None:
    ports = port_widths(RegisterBlock(engine_registers(16, 16)))
    assert ports["s_axi_awaddr"] == ("input", 12)
    assert ports["s_axi_rdata"] == ("output", 32)
    assert ports["program_addr"] == ("output", 32)
    assert ports["status"] == ("input", 4)
    assert ports["control"] == ("output", 2)
    assert "id" not in ports


def test_a_map_must_fit_the_address() -> None:
    registers = RegisterMap((Register("FAR", 0x40, Access.RW, "Beyond."),))
    with pytest.raises(ValueError, match=r"^FAR at 0x40 needs more than 6 address bits$"):
        RegisterBlock(registers, addr_width=6)
