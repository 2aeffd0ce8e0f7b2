"""Which strategy and reuse factor each layer gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.hls.budget import Budget
from twofold.hls.options import HlsOptions, HlsStrategy
from twofold.hls.project import generate
from twofold.hls.reuse import Products
from twofold.hls.strategy import Strategy, choose
from twofold.hls.types import IoType
from twofold.hls.works import works_of
from twofold.network.graph import Network
from twofold.network.ops import Conv2d

SMALL = HlsOptions(budget=Budget(dsp=24, lut=2000, bram36=20))


def test_a_budget_makes_small_layers_parallel_and_large_ones_share(every_layer_network: Network) -> None:
    chosen = choose(every_layer_network, SMALL)
    assert chosen.proposal is not None
    assert SMALL.budget.holds(chosen.proposal.cost)
    names = {strategy.name for strategy in chosen.layers.values()}
    assert names == {HlsStrategy.LATENCY, HlsStrategy.RESOURCE}
    assert all(
        (chosen.layers[work.name].name is HlsStrategy.LATENCY) == (chosen.layers[work.name].reuse_factor == 1)
        for work in works_of(every_layer_network, SMALL.io)
        if isinstance(work, Products)
    )


def test_a_larger_budget_is_faster(every_layer_network: Network) -> None:
    small, large = choose(every_layer_network, SMALL), choose(every_layer_network, HlsOptions())
    assert small.proposal is not None and large.proposal is not None
    assert large.proposal.cycles < small.proposal.cycles
    works = {work.name: work for work in works_of(every_layer_network, SMALL.io)}
    slowest = max(works[name].cycles(strategy.reuse_factor) for name, strategy in small.layers.items())
    assert small.proposal.cycles == small.cycles == slowest


def test_pixels_that_come_in_without_a_result_take_cycles(every_layer_network: Network) -> None:
    """A convolution that is padded, or skips pixels, takes as many as its stream brings, at least."""
    for work in works_of(every_layer_network, IoType.STREAM):
        op = next(op for op in every_layer_network.ops if op.name == work.name)
        if isinstance(op, Conv2d):
            top, left, bottom, right = op.padding
            _, height, width = every_layer_network.operands(op)[0].shape
            assert work.cycles(1) >= (height + top + bottom) * (width + left + right)


def test_a_strategy_that_is_asked_for_is_taken(every_layer_network: Network) -> None:
    for strategy in (HlsStrategy.LATENCY, HlsStrategy.DISTRIBUTED_ARITHMETIC):
        chosen = choose(every_layer_network, replace(SMALL, strategy=strategy))
        assert chosen.layers["down"] == Strategy(strategy, 1)
        assert chosen.layers["down_q"] == Strategy(HlsStrategy.LATENCY, 1)
        assert chosen.proposal is None
        with pytest.raises(UserError, match=f"strategy {strategy}: expected at most 9 cycles a frame, found"):
            choose(every_layer_network, replace(SMALL, strategy=strategy, frame_cycles=9))
    chosen = choose(every_layer_network, replace(SMALL, strategy=HlsStrategy.RESOURCE))
    assert chosen.layers["down"].name is HlsStrategy.RESOURCE


def test_what_fits_no_device_of_the_budget_is_refused(every_layer_network: Network, tmp_path: Path) -> None:
    options = HlsOptions(budget=Budget(dsp=2, lut=2000, bram36=20))
    with pytest.raises(
        UserError, match="reuse factors: expected layers that fit 2 DSP, 2,000 LUT, 20 BRAM36, found"
    ):
        generate(every_layer_network, tmp_path / "p", options)
    assert list(tmp_path.iterdir()) == []


def test_the_readme_lists_factors_counts_and_cycles(every_layer_network: Network, tmp_path: Path) -> None:
    project = generate(every_layer_network, tmp_path / "p", SMALL)
    text = (project.folder / "README.md").read_text()
    proposal = choose(every_layer_network, SMALL).proposal
    assert proposal is not None
    assert f"they take {proposal.cost};" in text
    assert f"about {proposal.cycles:,} cycles a frame" in text
    assert "_fc | " in text
