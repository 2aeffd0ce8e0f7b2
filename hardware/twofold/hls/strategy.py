"""How each layer multiplies, and over how many cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twofold.errors import UserError
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
    """layers: by the op's name. cycles: of a frame, the slowest layer's, about. proposal: where the reuse
    factors come from; None if all layers are parallel.
    """

    layers: Mapping[str, Strategy]
    cycles: int
    proposal: Proposal | None = None


def choose(network: Network, options: HlsOptions) -> Strategies:
    """For every layer that multiplies or compares.

    `latency` and `distributed_arithmetic` compute all products of a layer at once. `resource` and `budget`
    have the reuse factors that `propose` finds for the budget; `budget` makes layers without reuse `latency`.
    Raises UserError if the layers do not fit the budget, or take more cycles than a frame may.
    """
    works = works_of(network, options.io)
    if options.strategy in (HlsStrategy.LATENCY, HlsStrategy.DISTRIBUTED_ARITHMETIC):
        return _parallel(works, options)
    proposal = propose(works, options.budget, options.frame_cycles)
    layers = {work.name: _strategy(work, options.strategy, proposal.factors[work.name]) for work in works}
    return Strategies(layers, proposal.cycles, proposal)


def _parallel(works: Sequence[Work], options: HlsOptions) -> Strategies:
    cycles = max((work.cycles(1) for work in works), default=0)
    if options.frame_cycles is not None and cycles > options.frame_cycles:
        raise UserError(
            f"strategy {options.strategy}: expected at most {options.frame_cycles:,} cycles a frame, found "
            f"about {cycles:,}, as pixels come one by one; allow more cycles"
        )
    return Strategies({work.name: _strategy(work, options.strategy, 1) for work in works}, cycles)


def _strategy(work: Work, asked: HlsStrategy, reuse: int) -> Strategy:
    """Quantisers have one way to compute, which hls4ml is told as `latency`."""
    if not isinstance(work, Products):
        return Strategy(HlsStrategy.LATENCY, reuse)
    if asked is HlsStrategy.BUDGET:
        return Strategy(HlsStrategy.LATENCY if reuse == 1 else HlsStrategy.RESOURCE, reuse)
    return Strategy(asked, reuse)
