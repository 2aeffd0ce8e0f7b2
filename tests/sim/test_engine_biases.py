"""Sums with zero points, and odd ones of results: thresholds that the engine does by multiplier and bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from twofold.golden.compare import Check, Status
from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.multiplier_form import multiplier_forms
from twofold.network.ops import Add, Conv2d, Threshold
from twofold.network.thresholds import rounding_thresholds
from twofold.network.types import IntType
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun

Verify = Callable[..., tuple[Check, EngineRun]]


def quantiser(name: str, source: str, channels: int, shift: int, offset: int, zero_point: int) -> Threshold:
    """Codes 0 to 255 of `round_half_even((x + offset) / 2^shift + zero_point)`."""
    gain = Dyadic.power_of_two(-shift).fraction
    row = rounding_thresholds(gain, offset * gain + zero_point, range(1, 256))
    return Threshold(name, (source,), name, np.tile(row, (channels, 1)), np.arange(256))


def network(zero_point: int) -> Network:
    """A convolution and a sum of its codes with the input, both with zero points."""
    code = IntType(False, 8, Dyadic(1), zero_point)
    tensors = [
        Tensor("x", (3, 5, 4), IntType(False, 8, Dyadic(1), 31)),
        Tensor("sums", (3, 5, 4), IntType(True, 20)),
        Tensor("y", (3, 5, 4), code),
        Tensor("total", (3, 5, 4), IntType(False, 9, Dyadic(1), 31 + zero_point)),
        Tensor("z", (3, 5, 4), IntType(False, 8, Dyadic(1), zero_point)),
    ]
    weight = np.random.default_rng(0).integers(-9, 10, (3, 3, 3, 3))
    ops = [
        Conv2d("conv", ("x",), "sums", weight, np.array([5, -300, 99]), padding=(1, 1, 1, 1)),
        quantiser("y", "sums", 3, 5, 0, zero_point),
        Add("add", ("x", "y"), "total"),
        quantiser("z", "total", 3, 1, -31 - zero_point, zero_point),
    ]
    return Network.of("zeros", tensors, ops, "x", "z")


@pytest.mark.parametrize("zero_point", [100, 77])
def test_zero_points_are_exact(
    zero_point: int,
    geometry: Geometry,
    library: EngineLibrary,
    verify_bulk_on: Callable[[EngineLibrary], Verify],
) -> None:
    found = network(zero_point)
    assert {form.biased for form in multiplier_forms(found, 16).values()} == {zero_point % 2}
    check, _ = verify_bulk_on(library)(found, plan(found, geometry, traced=True), frames=9, stalls=0.2)
    assert check.status is Status.PASS, check.detail


def test_a_bias_that_is_off_by_one_is_noticed(
    geometry: Geometry, library: EngineLibrary, verify_bulk_on: Callable[[EngineLibrary], Verify]
) -> None:
    found = network(77)
    moved = replace(found, ops=(*found.ops[:3], quantiser("z", "total", 3, 1, -31 - 77 + 1, 77)))
    check, _ = verify_bulk_on(library)(found, plan(moved, geometry, traced=True), frames=9)
    assert check.status is Status.FAIL and set(check.wrong) == {"z"}
