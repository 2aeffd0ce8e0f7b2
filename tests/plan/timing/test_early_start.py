"""How early a layer may begin: no word is read before it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.plan.instructions import layer, marker
from twofold.plan.schedule import plan
from twofold.plan.timing.cost import FETCH, ISSUE, BusTiming, CostModel
from twofold.plan.timing.early_start import early, with_early_starts
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import EARLY_MAX, LAYER, Opcode, Output

KINDS = (PeName.APOT_SHIFT, PeName.INT8_DSP, PeName.INT_MUL)
GEOMETRY = Geometry(kinds=KINDS, activation_words=1024, weight_words=1024, parameter_words=256, sum_words=16)
COST = CostModel(GEOMETRY, BusTiming(1, 1, 0))
SLACK = COST.timing.slack


def sweeps(width: int, height: int = 4, **others: int) -> dict[str, int]:
    """Fields of a convolution that reads and writes maps of this size."""
    loops = ("out_groups", "tile_blocks", "in_blocks", "taps_y", "taps_x", "parts", "stride_x")
    sizes = {"out_width": width, "in_width": width, "out_height": height}
    ones = dict.fromkeys(loops, 1)
    return dict.fromkeys(LAYER.members, 0) | ones | sizes | {"output": Output.MULTIPLY, "pe": 1} | others


def reads(fields: Mapping[str, int]) -> Iterator[int | None]:
    """Addresses that the only tile reads, one a cycle; None for padding. Of the first input block alone."""
    for tap_y in range(fields["taps_y"]):
        for tap_x in range(fields["taps_x"]):
            for row in range(fields["out_height"]):
                for column in range(fields["out_width"]):
                    y = fields["origin_y"] + tap_y * fields["dilation_y"] + row * fields["stride_y"]
                    x = fields["origin_x"] + tap_x * fields["dilation_x"] + column * fields["stride_x"]
                    inside = 0 <= y < fields["in_height"] and 0 <= x < fields["in_width"]
                    yield fields["in_base"] + y * fields["in_width"] + x if inside else None


def writes(fields: Mapping[str, int]) -> list[int]:
    """Addresses that the only tile writes, the last one first."""
    last = fields["out_base"] + (fields["out_groups"] - 1) * fields["out_group_stride"] + fields["out_row"]
    pixels = fields["out_height"] * fields["out_width"]
    return [last + pixel for pixel in reversed(range(pixels))]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_word_is_read_before_it_is_written(
    networks: st.SearchStrategy[Network], drawn: st.DataObject
) -> None:
    try:
        steps = plan(drawn.draw(networks), GEOMETRY).instructions
    except (NetworkError, UserError):
        return
    layers = [step.fields for step in steps if step.opcode is Opcode.LAYER and not step.fields["doubled"]]
    for before, after in pairwise(layers):
        for cycle, address in enumerate(islice(reads(after), EARLY_MAX)):
            for left, written in enumerate(writes(before)[:EARLY_MAX]):
                assert address != written or before["early"] <= SLACK + cycle + left


def test_rows_of_pixels_hide_most_of_the_pipeline() -> None:
    wide, narrow, single = sweeps(16), sweeps(3), sweeps(1)
    assert early(wide, wide, COST) == EARLY_MAX
    assert early(wide, wide | {"origin_x": -1, "taps_x": 3, "stride_x": 2, "out_width": 8}, COST) == EARLY_MAX
    assert early(narrow, narrow, COST) == early(wide, single, COST) == SLACK < EARLY_MAX
    assert early(wide, wide | {"origin_x": 9}, COST) == SLACK, "it begins with the last columns"


def test_the_shortest_layer_lasts_until_the_next_one_is_fetched() -> None:
    for output in Output:
        for width in (1, EARLY_MAX - SLACK):
            short = sweeps(width, height=1, pe=0, chained=int(width == 1), output=output)
            assert COST.layer(short, first=1) - early(short, short, COST) >= FETCH + 2 * ISSUE


def test_only_layers_begin_early() -> None:
    work, end = layer("work", sweeps(16)), marker(Opcode.END)
    assert with_early_starts([work, work, end], COST) == (
        replace(work, fields={**work.fields, "early": EARLY_MAX}),
        work,
        end,
    )
    fast = CostModel(replace(GEOMETRY, tiles=4, weight_banks=2), COST.bus)
    assert fast.timing.slack == SLACK + 1, "several tiles read a cycle later"
