"""Words and a board become the options of an HLS project."""

from __future__ import annotations

import pytest

from twofold.boards.board_file import load_board
from twofold.building.hls_choices import (
    HlsChoices,
    HlsPrediction,
    fast_enough,
    hls_options,
    options_of,
    predict_hls,
    simulated_options,
)
from twofold.building.named import network_of
from twofold.errors import UserError
from twofold.hls.budget import Budget
from twofold.hls.options import HlsBackend, HlsStrategy
from twofold.hls.types import IoType
from twofold.network.graph import Network


@pytest.fixture(scope="module")
def resnet8() -> Network:
    return network_of("resnet8")


def test_a_target_is_met_by_the_cheapest_layers_or_refused_with_the_best(resnet8: Network) -> None:
    board = load_board("zcu104")
    options = hls_options(board, HlsChoices())
    best = predict_hls(resnet8, board, options)
    chosen = fast_enough(resnet8, board, options, best.frames_per_second / 3)
    found = predict_hls(resnet8, board, chosen)
    assert best.frames_per_second / 3 <= found.frames_per_second < best.frames_per_second
    assert found.cost is not None and best.cost is not None
    assert options.budget.share(found.cost) < options.budget.share(best.cost)
    said = rf"the best that fits does about {best.frames_per_second:,.0f} \({best.frame_cycles:,} cycles"
    with pytest.raises(UserError, match=said):
        fast_enough(resnet8, board, options, 1.1 * best.frames_per_second)
    for target, word in ((0, "0"), (float("nan"), "nan")):
        with pytest.raises(UserError, match=f"target: expected more than 0 frames a second, got {word}"):
            fast_enough(resnet8, board, options, target)


def test_the_prediction_says_what_it_does_not_know() -> None:
    board = load_board("pynq-z2")
    said = HlsPrediction(board, board.part, 100, 1, None).line
    assert "a frame about every cycle, 100,000,000 frames a second at 100 MHz" in said
    assert said.endswith("; area is not predicted; latency is not predicted")
    assert (
        "a frame about every 40,000 cycles, 2,500 frames"
        in HlsPrediction(board, board.part, 100, 40_000, None).line
    )


def test_what_is_simulated_has_the_layers_of_what_is_built() -> None:
    choices = HlsChoices("Vivado", "io_parallel", "latency")
    built, simulated = hls_options(load_board("pynq-z2"), choices), simulated_options(choices)
    assert (simulated.io, simulated.strategy) == (built.io, built.strategy)
    with pytest.raises(UserError, match="io: expected one of io_stream, io_parallel, got 'axi'"):
        simulated_options(HlsChoices(io="axi"))


def test_part_clock_and_budget_are_the_boards() -> None:
    options = hls_options(load_board("pynq-z2"), HlsChoices("Vivado", "io_parallel", "latency"))
    assert (options.backend, options.io) == (HlsBackend.VIVADO, IoType.PARALLEL)
    assert options.strategy is HlsStrategy.LATENCY
    assert (options.part, options.clock_ns, options.board) == ("xc7z020clg400-1", 10, None)
    assert options.budget == Budget(220, 42_560, 112)


def test_a_part_of_one_s_own_needs_a_strategy_without_a_budget() -> None:
    board, part = load_board("pynq-z2"), "xcvu13p-flga2577-2-e"
    options = hls_options(board, HlsChoices(strategy="latency", part=part, clock_ns=2.5))
    assert (options.part, options.clock_ns) == (part, 2.5)
    assert "at 400 MHz" in HlsPrediction(board, part, 1000 / options.clock_ns, 1, None).line
    with pytest.raises(UserError, match="expected latency or distributed_arithmetic for the part xcvu13p"):
        hls_options(board, HlsChoices(part=part))
    with pytest.raises(UserError, match="part, clock: expected the board's with the flow Kernel"):
        options_of(board, HlsChoices("Kernel", clock_ns=5))


def test_a_faster_clock_does_more_frames(resnet8: Network) -> None:
    board = load_board("zcu104")
    slow, fast = (predict_hls(resnet8, board, hls_options(board, HlsChoices(clock_ns=ns))) for ns in (10, 5))
    assert fast.frames_per_second == 2 * slow.frames_per_second
    assert fast.as_json()["clock_mhz"] == 200


@pytest.mark.parametrize("clock_ns", [0, -3, float("nan"), float("inf")])
def test_a_clock_without_a_period_is_refused(clock_ns: float) -> None:
    with pytest.raises(UserError, match=f"clock period: expected more than 0 ns, got {clock_ns}"):
        hls_options(load_board("pynq-z2"), HlsChoices(clock_ns=clock_ns))


def test_the_accelerator_flow_gets_the_board_and_refuses_those_that_it_lacks() -> None:
    assert hls_options(load_board("pynq-z2"), HlsChoices("VivadoAccelerator")).board == "pynq-z2"
    with pytest.raises(UserError, match=r"board: expected one of pynq-z2, zcu102 for .*, got kv260"):
        hls_options(load_board("kv260"), HlsChoices("VivadoAccelerator"))


@pytest.mark.parametrize(
    "choices, message",
    [
        (HlsChoices(flow="Quartus"), "flow: expected one of Vitis, Vivado, VivadoAccelerator, got 'Quartus'"),
        (HlsChoices(io="axi"), "io: expected one of io_stream, io_parallel, got 'axi'"),
        (HlsChoices(strategy="fast"), "strategy: expected one of budget, latency, .*, got 'fast'"),
    ],
)
def test_unknown_words_are_refused(choices: HlsChoices, message: str) -> None:
    with pytest.raises(UserError, match=message):
        hls_options(load_board("pynq-z2"), choices)
