"""Properties of the timeline; that it is the hardware's is held in simulation."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from twofold.plan.instructions import layer, load, marker, prefetch, store
from twofold.plan.memory.banks import Transfer
from twofold.plan.timing.cost import FETCH, ISSUE, BusTiming, CostModel
from twofold.plan.timing.timeline import Prefetch, RunTiming, Timeline
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LANES_PE, LAYER, Base, Memory, Opcode, Output
from twofold.rtl.layer_timing import LayerTiming

COST = CostModel(Geometry(), BusTiming(1, 1, 0))
END = marker(Opcode.END)


def transfer(words: int) -> Transfer:
    return Transfer(0, words, 0, 0, 1, words)


def input_load(words: int):
    return load("input", Memory.ACTIVATIONS, Base.INPUT, 0, transfer(words))


def sweeps(pixels: int, blocks: int = 1, output: Output = Output.MULTIPLY, pe: int = 1):
    loops = ("out_groups", "tile_blocks", "in_blocks", "taps_y", "taps_x", "parts", "out_height")
    ones = dict.fromkeys(loops, 1)
    fields = dict.fromkeys(LAYER.members, 0) | ones | {"output": output}
    return layer("layer", fields | {"pe": pe, "out_width": pixels, "in_blocks": blocks})


def total(*steps) -> int:
    timeline = Timeline(COST)
    return sum(timeline.cycles(step) for step in steps)


def test_instructions_are_fetched_as_others_execute() -> None:
    work = sweeps(100)
    assert total(work) == FETCH + COST.layer(work.fields)
    assert total(work, END, work) == total(work) + ISSUE + FETCH - ISSUE + COST.layer(work.fields)
    assert total(END, END) == total(END) + FETCH, "nothing executes long enough"
    assert COST.marker() == ISSUE


def test_first_weights_are_loaded_behind_the_layer_before() -> None:
    work, without = sweeps(100), sweeps(100, pe=LANES_PE)
    assert total(work, work) == total(work) + COST.layer(work.fields, first=1)
    assert total(work, without) == total(work) + COST.layer(without.fields)
    assert total(without, work) == total(without) + COST.layer(work.fields, first=1)
    interval = LayerTiming.of(COST.geometry).intervals[1]
    since = {0: interval, 3: interval - 3, interval: 1, 99: 1}
    assert {cycles: COST.preloaded(work.fields, cycles) for cycles in since} == since


def test_a_short_prefetch_behind_a_long_layer_costs_its_fetch() -> None:
    work = sweeps(100, blocks=9)
    assert total(prefetch(input_load(64)), work, END) == FETCH + total(work, END)


def test_a_long_prefetch_ends_the_frame() -> None:
    words, work = 5000, sweeps(10, blocks=9, output=Output.SUMS)
    alone = total(prefetch(input_load(words)), END)
    assert total(prefetch(input_load(words)), work, END) == alone
    assert alone > COST.read(words)


def test_results_are_written_before_prefetched_words() -> None:
    words, pixels = 5000, 70
    held = total(prefetch(input_load(words)), sweeps(pixels), END)
    assert held == total(prefetch(input_load(words)), sweeps(pixels, output=Output.SUMS), END) + pixels


def test_reads_wait_for_a_prefetch_and_writes_do_not() -> None:
    begun, words = prefetch(input_load(500)), store("y", Memory.ACTIVATIONS, 0, transfer(3))
    assert total(begun, words) == FETCH + total(words)
    assert total(begun, input_load(1)) > COST.read(500) + COST.read(1)
    slow = Timeline(replace(COST, bus=BusTiming(1, 40, 0)))
    assert slow.cycles(words) == total(words)
    assert slow.cycles(words) >= total(words) + 30, "the second waits for the first one's answer"


def test_a_run_has_a_prefetch_in_all_frames_but_the_last() -> None:
    frame = (prefetch(input_load(500)), sweeps(10), END)
    timing = RunTiming.of((input_load(500), marker(Opcode.FRAME)), frame, COST)
    assert timing.last_frame == sum(step.cycles for step in timing.instructions[2:])
    assert timing.frame > timing.last_frame
    timeline = Timeline(COST)
    steps = [*timing.instructions[:2], *frame, *frame, *frame]
    assert sum(map(timeline.cycles, steps)) + COST.program(5) == timing.setup + 3 * timing.frame
    assert [replace(step, cycles=0) for step in timing.instructions[2:]] == list(frame)


@given(
    st.integers(0, 50),
    st.integers(1, 100),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=4),
)
def test_a_beat_is_taken_in_every_cycle_that_is_not_held(
    first: int, beats: int, gaps: list[tuple[int, int]]
) -> None:
    holds, cycle = [], 0
    for gap, count in gaps:
        holds.append((cycle + gap, count))
        cycle += gap + count
    held = {cycle for start, count in holds for cycle in range(start, start + count)}
    taken = [cycle for cycle in range(first, 1000) if cycle not in held][:beats]
    assert Prefetch(first, beats, holds).end() == taken[-1] + 2
