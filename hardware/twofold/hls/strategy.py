"""How each layer multiplies, and over how many cycles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.hls.options import HlsOptions, HlsStrategy
from twofold.hls.reuse import Products, Proposal, Work, propose
from twofold.hls.works import works_of
from twofold.network.graph import Network


@dataclass(frozen=True)
class Strategy:
    """A layer's strategy, and over how many cycles each multiplier is reused."""

    name: HlsStrategy
    reuse_factor: int


@dataclass(frozen=True)
class Strategies:
    """By the op's name. proposal: where the reuse factors come from; None if all layers are parallel."""

    layers: Mapping[str, Strategy]
    proposal: Proposal | None = None


def choose(network: Network, options: HlsOptions) -> Strategies:
    """For every layer that multiplies or compares.

    `latency` and `distributed_arithmetic` compute all products of a layer at once. `resource` and `budget`
    have the reuse factors that `propose` finds for the budget; `budget` makes layers without reuse `latency`.
    Raises UserError if the layers do not fit the budget.
    """
    works = works_of(network, options.io)
    if options.strategy in (HlsStrategy.LATENCY, HlsStrategy.DISTRIBUTED_ARITHMETIC):
        return Strategies({work.name: _strategy(work, options.strategy, 1) for work in works})
    proposal = propose(works, options.budget)
    layers = {work.name: _strategy(work, options.strategy, proposal.factors[work.name]) for work in works}
    return Strategies(layers, proposal)


def _strategy(work: Work, asked: HlsStrategy, reuse: int) -> Strategy:
    """Quantisers have one way to compute, which hls4ml is told as `latency`."""
    if not isinstance(work, Products):
        return Strategy(HlsStrategy.LATENCY, reuse)
    if asked is HlsStrategy.BUDGET:
        return Strategy(HlsStrategy.LATENCY if reuse == 1 else HlsStrategy.RESOURCE, reuse)
    return Strategy(asked, reuse)
