"""Two weights to a block: which, where, and at what cost in blocks and cycles."""

from __future__ import annotations

import numpy as np
import pytest

from twofold.rtl.mac.int8_dsp import Int8Dsp
from twofold.rtl.primitives.family import Family
from twofold.sim.benches.pe_stream import accepted_weights


@pytest.mark.parametrize("low", [-128, -127])
def test_weights_from_the_least_on(low: int) -> None:
    assert accepted_weights(Int8Dsp(2, 2, low=low)).tolist() == list(range(low, 128))


def test_two_products_a_block() -> None:
    kind = Int8Dsp(16, 16)
    assert (kind.dsp, kind.load_words, kind.settle, kind.latency) == (128, 16, 0, 21)
    assert not kind.correction(np.full((16, 16), -128)).any()


def test_fewer_inputs_than_lanes_take_several_passes() -> None:
    kind = Int8Dsp(16, 16, inputs=3)
    assert (kind.dsp, kind.load_words, kind.settle) == (24, 3, 0)
    assert [kind.parts(channels) for channels in (1, 3, 4, 16, 64)] == [1, 1, 2, 6, 6]
    weights = np.random.default_rng(1).integers(-128, 128, (16, 16))
    parts = list(kind.split(weights, 6))
    assert all(kind.accepts(part) for part in parts)
    joined = np.concatenate([part[:, :3] for part in parts], axis=1)
    assert np.array_equal(joined[:, :16], weights) and not joined[:, 16:].any()


@pytest.mark.parametrize(
    ("family", "low", "shift"),
    [(Family.XC7, -127, 17), (Family.XC7, -128, 16), (Family.XCUP, -128, 18), (Family.PORTABLE, -128, 16)],
)
def test_the_upper_weight_lies_as_high_as_it_may(family: Family, low: int, shift: int) -> None:
    assert Int8Dsp(16, 16, family, low).packing.shifts == (0, shift)


@pytest.mark.parametrize(("tin", "bits"), [(2, 1), (4, 1), (8, 2), (16, 3), (32, 4)])
def test_counts_grow_with_the_column(tin: int, bits: int) -> None:
    (counter,) = Int8Dsp(tin, 2, low=-127).counters
    assert counter.bits == bits
    worst = tin * 127 * 255
    assert worst < 1 << (17 + bits - 1) and (bits == 1 or worst >= 1 << (17 + bits - 2))


def test_refusals() -> None:
    with pytest.raises(ValueError, match="expected weights from -128 or -127, got -126"):
        Int8Dsp(4, 4, low=-126)
    with pytest.raises(ValueError, match="expected an even number of inputs and of outputs, got 3 × 4"):
        Int8Dsp(3, 4)
