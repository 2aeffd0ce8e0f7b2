from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Linear, SumPool2d, WeightedAdd
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.ranges import value_ranges
from twofold.network.types import IntType, width_of
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


def test_weighted_sums_get_the_width_of_their_range():
    """Codes of 0 to 7 with zero point 2, times 3 and 5: 0 to 56 around 16."""
    codes = IntType(False, 3, Dyadic(15), 2)
    sums = IntType(True, 64, Dyadic(4), 16)
    op = WeightedAdd("sum", ("x", "x"), "y", (3, 5))
    network = Network.of("sum", [Tensor("x", (2,), codes), Tensor("y", (2,), sums)], [op], "x", "y")
    assert narrow_accumulators(network).output.type == IntType(False, 6, Dyadic(4), 16)
