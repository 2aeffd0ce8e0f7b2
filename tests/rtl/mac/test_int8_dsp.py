"""What the packing of two weights into one multiplier asks for."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.rtl.mac.int8_dsp import LANE_SHIFT, Int8Dsp
from twofold.sim.benches.pe_stream import accepted_weights


def test_all_but_the_least_weight() -> None:
    assert accepted_weights(Int8Dsp(1, 2)).tolist() == list(range(-127, 128))


@pytest.mark.parametrize(("tin", "bits"), [(1, 0), (2, 0), (3, 1), (4, 1), (8, 2), (16, 3), (32, 4)])
def test_repair_grows_with_the_lower_lane(tin: int, bits: int) -> None:
    kind = Int8Dsp(tin, 2)
    assert kind.repair_bits == bits
    worst = tin * 127 * 255
    assert worst < 1 << (LANE_SHIFT + bits - 1)
    assert bits == 0 or worst >= 1 << (LANE_SHIFT + bits - 2)


def test_packed_products_separate_for_every_operand() -> None:
    weights, activations = np.arange(-127, 128), np.arange(-128, 256)[:, None]
    for upper in (-127, -1, 0, 1, 127):
        packed = ((upper << LANE_SHIFT) + weights) * activations
        lower = (packed + (1 << (LANE_SHIFT - 1))) % (1 << LANE_SHIFT) - (1 << (LANE_SHIFT - 1))
        assert np.array_equal(lower, weights * activations)
        assert np.array_equal(
            (packed - lower) >> LANE_SHIFT, np.broadcast_to(upper * activations, packed.shape)
        )


def test_outputs_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="expected an even number of outputs, two for each DSP block, got 3"):
        Int8Dsp(4, 3)
