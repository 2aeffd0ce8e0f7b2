from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.network.ops import Add, Conv2d, Linear, SumPool2d
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.ranges import value_ranges
from twofold.network.types import width_of
from twofold.network.verify import verify


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_sums_get_the_width_of_their_range_and_keep_their_meaning(networks, data):
    network = data.draw(networks)
    narrowed = verify(narrow_accumulators(network))
    ranges = value_ranges(network)
    for op in network.ops:
        before, after = network.result(op).type, narrowed.result(op).type
        assert (after.scale, after.zero_point) == (before.scale, before.zero_point)
        if isinstance(op, Conv2d | Linear | Add | SumPool2d):
            lo, hi = ranges[op.output].bounds
            assert after.bits == width_of(min(lo, after.zero_point), max(hi, after.zero_point))
