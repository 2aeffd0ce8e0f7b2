"""Logic depth of small netlists made by hand, whose longest path is known."""

from __future__ import annotations

from typing import Any

import pytest

from twofold.errors import UserError
from twofold.synth.depth import LogicPath, longest_path
from twofold.synth.netlist import LABEL, Netlist

OUTPUTS = {"O", "O5", "O6", "Q", "CO", "P", "PCOUT", "DOA", "DOB"}
# A majority in O5 of I0 to I2, and in O6 the parity of I0 to I3: a bit of a ternary adder.
MAJORITY_AND_PARITY = "".join(
    str(int(sum(index >> bit & 1 for bit in range(3)) > 1) if index < 32 else (index & 15).bit_count() & 1)
    for index in reversed(range(64))
)


def cell(kind: str, parameters: dict[str, str] | None = None, **pins: list[int | str]) -> dict[str, Any]:
    return {
        "type": kind,
        "hide_name": 1,
        "parameters": parameters or {},
        "attributes": {LABEL: f"r{pins['Q'][0]}"} if "Q" in pins else {},
        "port_directions": {name: "output" if name in OUTPUTS else "input" for name in pins},
        "connections": pins,
    }


def netlist(*cells: dict[str, Any], **ports: tuple[str, list[int | str]]) -> Netlist:
    entries = {name: {"direction": direction, "bits": bits} for name, (direction, bits) in ports.items()}
    module = {"ports": entries, "cells": {f"c{index}": entry for index, entry in enumerate(cells)}}
    return Netlist("pe", {"modules": {"pe": module}})


def register(d: int, q: int) -> dict[str, Any]:
    return cell("FDRE", C=[1], D=[d], Q=[q])


def carry(entry: dict[str, list[int | str]], out: int) -> dict[str, Any]:
    """A CARRY4 whose outputs are the eight nets from `out` on, sums before carries."""
    pins: dict[str, list[int | str]] = {"CI": ["0"], "CYINIT": ["0"], "DI": ["0"] * 4, "S": ["0"] * 4}
    return cell("CARRY4", **{**pins, **entry}, O=[*range(out, out + 4)], CO=[*range(out + 4, out + 8)])


def depth(path: LogicPath) -> tuple[int, int]:
    return path.luts, path.carries


def test_luts_between_registers_are_counted() -> None:
    design = netlist(
        register(9, 2),
        cell("LUT2", I0=[2], I1=["1"], O=[3]),
        cell("LUT3", I0=[2], I1=[3], I2=["0"], O=[4]),
        register(4, 9),
    )
    assert longest_path(design) == LogicPath(2, 0, ("FDRE r2", "LUT2", "LUT3", "FDRE r9"))
    assert str(longest_path(design)) == "2 LUT + 0 carry: FDRE r2 → LUT2 → LUT3 → FDRE r9"


def test_ports_are_ends_too() -> None:
    design = netlist(cell("INV", I=[2], O=[3]), a=("input", [2]), y=("output", [3]))
    assert longest_path(design) == LogicPath(1, 0, ("port a", "INV", "port y"))


def test_a_chain_of_many_cells_is_one_chain() -> None:
    design = netlist(
        register(2, 2),
        cell("LUT2", I0=[2], I1=["1"], O=[3]),
        carry({"S": [3, "0", "0", "0"]}, 10),
        carry({"CI": [17]}, 20),
        carry({"CI": [27]}, 30),
        register(33, 40),
    )
    assert depth(longest_path(design)) == (1, 1)


def test_leaving_a_chain_and_entering_another_is_two() -> None:
    chains = [register(2, 2), carry({"S": [2, "0", "0", "0"]}, 10), carry({"DI": [13, "0", "0", "0"]}, 20)]
    path = longest_path(netlist(*chains, register(21, 40)))
    assert depth(path) == (0, 2) and path.exceeds()
    # DI of the first bit leads to the sums of the later ones only.
    assert depth(longest_path(netlist(*chains, register(20, 40)))) == (0, 0)


def test_a_carry_that_comes_back_by_the_fabric_is_a_second_chain() -> None:
    design = netlist(
        register(2, 2), carry({"CYINIT": [2]}, 10), carry({"CYINIT": [17]}, 20), register(20, 40)
    )
    assert depth(longest_path(design)) == (0, 2)


def test_the_limit_counts_before_the_length() -> None:
    chains = [carry({"S": [2, "0", "0", "0"]}, 10), carry({"DI": [13, "0", "0", "0"]}, 20)]
    luts = [cell("LUT1", I0=[net], O=[net + 1]) for net in range(50, 54)]
    design = netlist(register(2, 2), register(2, 50), *chains, *luts, register(21, 40), register(54, 41))
    assert depth(longest_path(design)) == (0, 2)
    longer = cell("LUT1", I0=[54], O=[55])
    design = netlist(register(2, 50), *luts, longer, register(55, 41))
    assert longest_path(design).exceeds() and depth(longest_path(design)) == (5, 0)


def test_a_dual_lut_has_the_paths_of_its_functions_only() -> None:
    bits = [
        cell(
            "LUT6_2",
            {"INIT": MAJORITY_AND_PARITY},
            I0=[2],
            I1=[2],
            I2=[2],
            I3=[below],
            I4=["0"],
            I5=["1"],
            O5=[10 + index],
            O6=[20 + index],
        )
        for index, below in enumerate(["0", 10, 11, 12])
    ]
    # The majority does not depend on the bit below: two LUTs, not four.
    assert depth(longest_path(netlist(register(2, 2), *bits, register(23, 40)))) == (2, 0)


def test_memories_and_blocks_are_starts_and_reading_is_a_lut() -> None:
    memory = cell("RAM32M", ADDRA=[2, "0"], ADDRD=[3, "0"], DIA=[4, "0"], DOA=[5, 6], WCLK=[1])
    registers = [register(9, net) for net in (2, 3, 4)]
    assert depth(longest_path(netlist(*registers, memory, register(5, 40)))) == (1, 0)
    shift = cell("SRL16E", A0=["1"], D=[2], Q=[5], CLK=[1])
    assert depth(longest_path(netlist(*registers, shift, register(5, 40)))) == (0, 0)
    block = cell("DSP48E1", {"MREG": "1", "PREG": "00"}, A=[2], P=[5])
    after = [cell("LUT1", I0=[5], O=[6]), register(6, 40)]
    assert depth(longest_path(netlist(*registers, block, *after))) == (1, 0)


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(UserError, match="expected DSP48E1 with a register behind its multiplier"):
        longest_path(netlist(cell("DSP48E1", {"MREG": "0", "PREG": "0"}, A=[2], P=[5])))
    with pytest.raises(UserError, match="expected cells of xc7 or xcup, found TRELLIS_COMB"):
        longest_path(netlist(cell("TRELLIS_COMB", A=[2])))
    with pytest.raises(UserError, match="expected registers in every loop"):
        longest_path(netlist(cell("LUT1", I0=[2], O=[3]), cell("LUT1", I0=[3], O=[2])))


def test_nothing_between_ports_and_registers_is_no_depth() -> None:
    assert longest_path(netlist()) == LogicPath(0, 0, ())
