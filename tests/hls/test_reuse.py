"""Reuse factors: valid, unrollable, and the fastest that fit."""

from __future__ import annotations

from itertools import product

import pytest
from hls4ml.backends import get_backend

from twofold.errors import UserError
from twofold.hls.budget import UNROLL_MAX, ZYNQ_7020, Budget
from twofold.hls.reuse import Comparisons, Products, Scalings, divisors, propose, valid_reuse
from twofold.hls.types import IoType
from twofold.hls.works import works_of
from twofold.network.graph import Network


@pytest.mark.parametrize("inputs, outputs", [(9, 16), (144, 16), (144, 32), (16, 32), (32, 10), (7, 5)])
def test_valid_factors_are_those_that_hls4ml_can_schedule(inputs: int, outputs: int) -> None:
    assert valid_reuse(inputs, outputs) == get_backend("Vitis").get_valid_reuse_factors(inputs, outputs)


def test_no_factor_unrolls_more_than_hls_can() -> None:
    layer = Products("wide", 1, 576, 64, 8, 16, shifts=False)
    assert layer.reuse_factors[0] == 9
    assert all(576 * 64 // reuse <= UNROLL_MAX for reuse in layer.reuse_factors)


def test_a_convolution_in_parallel_reuses_no_more_than_its_inputs(every_layer_network: Network) -> None:
    """hls4ml takes more, and computes something else."""
    for work in works_of(every_layer_network, IoType.PARALLEL):
        if isinstance(work, Products) and work.name != "fc":
            assert work.reuse_factors == divisors(work.inputs)


def test_multiplications_cost_dsp_blocks_and_shifts_do_not() -> None:
    multiplied = Products("m", 1, 144, 16, 8, 16, shifts=False)
    shifted = Products("s", 1, 144, 16, 4, 9, shifts=True)
    assert multiplied.cost(144) == Budget(16, 16 * 16, 2)
    assert shifted.cost(144) == Budget(0, 16 * 9 * 3, 1)
    assert multiplied.cost(1).bram36 == 0
    assert Scalings("q", 4, 16, 10, 26).cost(4) == Budget(3 * 2, 0, 0)
    assert Comparisons("t", 4, 16, 15, 11).cost(4) == Budget(0, 4 * 15 * 6, 10)


def test_the_fastest_that_fits_is_found() -> None:
    """Against every combination."""
    works = [
        Products("a", 16, 12, 4, 8, 12, shifts=False),
        Products("b", 4, 24, 6, 8, 12, shifts=False),
        Scalings("c", 16, 4, 4, 12),
        Comparisons("d", 4, 4, 3, 9),
    ]
    budget = Budget(dsp=20, lut=400, bram36=30)
    costs = [
        (max(work.cycles(reuse) for work, reuse in zip(works, chosen, strict=True)), chosen)
        for chosen in product(*(work.reuse_factors for work in works))
        if budget.holds(Budget.total(work.cost(reuse) for work, reuse in zip(works, chosen, strict=True)))
    ]
    proposal = propose(works, budget)
    assert proposal.cycles == min(costs)[0]
    slower = 2 * proposal.cycles
    target = propose(works, budget, slower)
    assert proposal.cycles <= target.cycles == max(cycles for cycles, _ in costs if cycles <= slower)
    assert budget.share(target.cost) < budget.share(proposal.cost) and budget.holds(target.cost)
    assert budget.holds(proposal.cost)
    assert set(proposal.factors) == {"a", "b", "c", "d"}


def test_a_target_that_nothing_meets_is_refused_with_the_best() -> None:
    work = Products("a", 10, 12, 4, 8, 12, shifts=False, skipped=5)
    assert [work.cycles(reuse) for reuse in (1, 12)] == [15, 125]
    assert propose([work], Budget(4, 400, 30), 130).factors == {"a": 12}
    with pytest.raises(UserError, match=r"at most 124 cycles a frame, found that the fastest .* about 125"):
        propose([work], Budget(4, 400, 30), 124)


def test_what_never_fits_is_refused_with_what_it_takes() -> None:
    work = Products("a", 1, 12, 4, 8, 12, shifts=False)
    with pytest.raises(UserError, match=r"expected layers that fit 0 DSP.*they take 1 DSP.*a larger device"):
        propose([work], Budget(0, 100, 10))


def test_a_network_without_products_needs_nothing() -> None:
    assert propose([], ZYNQ_7020).cost == Budget(0, 0, 0)
