"""The engine for a board: the smallest that is fast enough, or the best there is, by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.boards.board import Board, Window
from twofold.boards.board_file import load_board
from twofold.boards.choose import (
    Prediction,
    budget,
    choose,
    choose_smallest,
    engines,
    fastest,
    fitting,
    memory_bytes,
)
from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.area.capacity import predicted_area
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.primitives.family import Family

APOT = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"
ARTY = load_board("arty-a7-100t")


@pytest.fixture(scope="module")
def programs(network: Network) -> tuple[Program, ...]:
    return engines(network, Family.XC7, budget(load_board("pynq-z2")))


def luts(found: Prediction) -> int:
    """Those used as memory are LUTs of the device, too."""
    return found.area.lut + found.area.lutram


def test_without_a_target_the_smallest_is_chosen(
    board: Board, network: Network, programs: tuple[Program, ...]
) -> None:
    found = choose(network, board)
    assert luts(found) == min(map(luts, fitting(board, programs)))


def test_a_target_is_met_by_the_smallest_that_can(
    board: Board, network: Network, programs: tuple[Program, ...]
) -> None:
    rates = sorted(one.frames_per_second for one in fitting(board, programs))
    found = choose(network, board, rates[-2])
    assert found.frames_per_second >= rates[-2]
    smaller = [one for one in fitting(board, programs) if luts(one) < luts(found)]
    assert all(one.frames_per_second < rates[-2] for one in smaller)


def test_a_target_that_cannot_be_met_is_refused_with_the_best(
    board: Board, network: Network, programs: tuple[Program, ...]
) -> None:
    best = fastest(fitting(board, programs))
    message = r"expected 1e\+09 frames a second on TUL PYNQ-Z2 at 100 MHz; the best that fits does "
    with pytest.raises(UserError, match=f"{message}{best.frames_per_second:,.0f} "):
        choose(network, board, 1e9)
    for target in (-1, float("nan")):
        with pytest.raises(UserError, match=f"target: expected more than 0 frames a second, got {target}"):
            choose(network, board, target)


def test_a_device_that_holds_none_is_refused(board: Board, network: Network) -> None:
    small = replace(board, resources=replace(board.resources, lut=1000))
    with pytest.raises(UserError, match=r"small: expected an engine that fits TUL PYNQ-Z2 .*, found none"):
        choose(network, small)


def test_the_budget_leaves_luts_and_the_memory_of_a_fabric(board: Board) -> None:
    assert budget(board).lut == 47_880  # nine tenths of 53,200
    assert budget(board).bram36 == 140
    assert budget(ARTY).bram36 == 135 - 32


def test_memory_that_is_too_small_holds_no_program(programs: tuple[Program, ...]) -> None:
    needed = min(memory_bytes(program) for program in programs)
    tiny = replace(ARTY, memory=Window(ARTY.memory.base, needed - 1))
    assert fitting(tiny, programs) == []


def test_the_smallest_is_within_the_budget_too(network: Network) -> None:
    found = choose_smallest(network, ARTY)
    assert (found.geometry.lanes, found.geometry.tiles) == (8, 1)
    tiny = replace(ARTY, memory=Window(ARTY.memory.base, memory_bytes(found.program) - 1))
    with pytest.raises(UserError, match=r"small: expected program, weights and frames of at most .* Arty A7"):
        choose_smallest(network, tiny)
    few = replace(ARTY, resources=replace(ARTY.resources, lut=int(found.area.lut / 0.9)))
    with pytest.raises(UserError, match=r"small: expected an engine that fits .* lut of"):
        choose_smallest(network, few)


def test_geometries_that_do_not_hold_the_network_are_left_out(
    network: Network, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_sixteen_lanes(network: Network, geometry: Geometry) -> Program:
        if geometry.lanes == 8:
            raise UserError("too many channels")
        return plan(network, geometry)

    monkeypatch.setattr("twofold.boards.choose.plan", on_sixteen_lanes)
    found = engines(network, Family.XC7, budget(board))
    assert found and {program.geometry.lanes for program in found} == {16}
    monkeypatch.setattr("twofold.boards.choose.lanes_for", lambda network: (8,))
    with pytest.raises(UserError, match="too many channels"):
        engines(network, Family.XC7, budget(board))


def test_rates_follow_from_clock_cycles_and_the_uart(board: Board, programs: tuple[Program, ...]) -> None:
    program = programs[0]
    found = Prediction.of(board, program)
    assert found.frames_per_second == 1e8 / program.frame_cycles
    assert found.link_frames_per_second is None
    bytes_a_frame = program.input_stride + program.output_stride
    assert Prediction.of(ARTY, program).link_frames_per_second == 200_000 / bytes_a_frame


def test_families_with_the_same_luts_count_the_same(programs: tuple[Program, ...]) -> None:
    geometry = programs[0].geometry
    assert predicted_area(replace(geometry, family=Family.XCUP)) == predicted_area(geometry)


def test_blocks_for_speed_alone_are_those_of_the_device(board: Board, network: Network) -> None:
    """With any number of them engines take more than the few that they cannot do without."""
    budgets = (replace(budget(board), dsp=blocks) for blocks in (10_000, 0))
    ample, few = (
        [predicted_area(program.geometry).dsp for program in engines(network, Family.XC7, device)]
        for device in budgets
    )
    assert len(ample) == len(few) and all(a >= b for a, b in zip(ample, few, strict=True))
    assert sum(ample) > sum(few)


def test_blocks_are_computed_beside_each_other_where_there_are_dsp_blocks() -> None:
    """A tile of 8 lanes takes 32 of them."""
    network = import_model(APOT)
    device = budget(load_board("zcu104"))
    found = engines(network, Family.XCUP, device)
    assert {program.geometry.beside for program in found} == {None, PeName.INT8_DSP}
    few = engines(network, Family.XCUP, replace(device, dsp=31))
    assert {program.geometry.beside for program in few} == {None}
    paired = [Prediction.of(load_board("zcu104"), one) for one in found if one.geometry.beside]
    assert all(one.label.endswith(", int8_dsp beside") for one in paired)
