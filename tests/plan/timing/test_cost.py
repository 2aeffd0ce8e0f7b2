"""Properties of predicted cycles; that they are the hardware's is held in simulation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twofold.plan.program import Program
from twofold.plan.timing.cost import BusTiming, CostModel
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import LAYER, Memory, Opcode, Output

COST = CostModel(Geometry(kinds=(PeName.APOT_SHIFT, PeName.INT8_DSP)), BusTiming(1, 1, 0))


def layer(**fields: int) -> dict[str, int]:
    ones = dict.fromkeys(
        ("out_groups", "tile_blocks", "in_blocks", "taps_y", "taps_x", "parts", "out_height", "out_width"),
        1,
    )
    return dict.fromkeys(LAYER.members, 0) | ones | {"output": Output.MULTIPLY} | fields


@pytest.mark.parametrize("pe", [0, 1, 2])
def test_a_long_sweep_takes_a_cycle_a_pixel(pe: int) -> None:
    few = layer(pe=pe, in_blocks=3, taps_y=3, taps_x=3, out_height=10, out_width=10)
    more = few | {"out_height": 11}
    assert COST.layer(more) - COST.layer(few) == 27 * 10


@pytest.mark.parametrize(("pe", "words"), [(0, 3), (1, 4), (2, 8)])
def test_a_short_sweep_lasts_until_the_next_tile_is_loaded(pe: int, words: int) -> None:
    few = layer(pe=pe, taps_y=3, taps_x=3)
    assert COST.layer(few | {"in_blocks": 2}) - COST.layer(few) == 9 * (words + 1)


def test_tables_have_to_be_filled_before_a_sweep() -> None:
    cost = replace(COST, geometry=Geometry(kinds=(PeName.LUT_DA,)))
    few = layer(pe=1, taps_y=3, taps_x=3)
    assert cost.layer(few | {"in_blocks": 2}) - cost.layer(few) == 9 * (8 + 16 + 1)


@pytest.mark.parametrize("memory", Memory)
def test_transfers_take_a_cycle_a_beat_or_longer(memory: Memory) -> None:
    beats = 4 if memory in (Memory.PARAMETERS, Memory.SUMS) else 1
    assert COST.load(memory, 20) - COST.load(memory, 10) == 10 * beats
    assert COST.store(memory, 20) - COST.store(memory, 10) >= 10 * beats


def test_a_slower_memory_costs_its_latency_once_and_its_gaps_with_each_burst() -> None:
    slow = replace(COST, bus=BusTiming(read_latency=11, write_latency=31, burst_gap=2))
    assert slow.load(Memory.WEIGHTS, 64) - COST.load(Memory.WEIGHTS, 64) == 10 + 3 * 2
    assert slow.store(Memory.ACTIVATIONS, 64) == COST.store(Memory.ACTIVATIONS, 64)
    assert slow.write(Memory.ACTIVATIONS, 64) - COST.write(Memory.ACTIVATIONS, 64) == 30


def test_a_frame_is_the_sum_of_its_instructions(program: Program) -> None:
    opcodes = [step.opcode for step in program.instructions]
    frame = opcodes.index(Opcode.FRAME) + 1
    assert program.last_frame_cycles == sum(step.cycles for step in program.instructions[frame:])
    assert program.setup_cycles > sum(step.cycles for step in program.instructions[:frame])
    assert opcodes[-1] is Opcode.END
