"""Reuse factors of layers: the fastest network that fits a device, or the cheapest that is fast enough.

In streams all layers work at once, so the slowest sets the rate: a layer of P pixels whose products share
multipliers over R cycles takes about P·R cycles a frame, and one for each pixel that comes in without a
result, at edges and between strides. Cycles and what layers take are counted here, not synthesised.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Protocol

from twofold.errors import UserError
from twofold.hls.budget import UNROLL_MAX, Budget

_RAM_WIDTH, _RAM_DEPTH = 72, 512
"""Of a 36-kbit block RAM that is read only."""
_DSP_WIDTH = 25
"""Of the wider operand that one DSP48E1 multiplies."""


class Work(Protocol):
    """What one layer computes for each of its pixels."""

    @property
    def name(self) -> str: ...

    @property
    def reuse_factors(self) -> Sequence[int]:
        """What hls4ml can schedule and HLS can unroll, ascending; not empty."""

    def cycles(self, reuse: int) -> int:
        """Of a frame, about."""

    def cost(self, reuse: int) -> Budget: ...


@dataclass(frozen=True)
class Products:
    """inputs × outputs products with weights. shifts: by two shifts and an addition, else by multiplying.

    product_bits: width of one product. reuse_max: hls4ml's convolutions are wrong in io_parallel, without a
    word, if multipliers are reused over more cycles than an output has inputs. skipped: pixels that come in
    without a result.
    """

    name: str
    pixels: int
    inputs: int
    outputs: int
    weight_bits: int
    product_bits: int
    shifts: bool
    reuse_max: int | None = None
    skipped: int = 0

    @cached_property
    def reuse_factors(self) -> Sequence[int]:
        products = self.inputs * self.outputs
        highest = self.reuse_max or products
        valid = valid_reuse(self.inputs, self.outputs)
        return [reuse for reuse in valid if reuse <= highest and products // reuse <= UNROLL_MAX]

    def cycles(self, reuse: int) -> int:
        return self.pixels * reuse + self.skipped

    def cost(self, reuse: int) -> Budget:
        """A DSP block a multiplication; two LUTs a bit for two shifts, one for adding to the sum.

        Weights that are not all used at once lie in block RAM, as wide as those of one cycle.
        """
        count = self.inputs * self.outputs // reuse
        rams = -(-count * self.weight_bits // _RAM_WIDTH) * -(-reuse // _RAM_DEPTH) if reuse > 1 else 0
        luts = count * self.product_bits * (3 if self.shifts else 1)
        return Budget(0 if self.shifts else count, luts, rams)


@dataclass(frozen=True)
class Scalings:
    """One multiplication for each of `channels`, `multiplied` of them by no power of two."""

    name: str
    pixels: int
    channels: int
    multiplied: int
    operand_bits: int

    @cached_property
    def reuse_factors(self) -> Sequence[int]:
        return divisors(self.channels)

    def cycles(self, reuse: int) -> int:
        return self.pixels * reuse

    def cost(self, reuse: int) -> Budget:
        return Budget(-(-self.multiplied // reuse) * -(-self.operand_bits // _DSP_WIDTH), 0, 0)


@dataclass(frozen=True)
class Comparisons:
    """`thresholds` comparisons for each of `channels`, with an operand of `operand_bits`."""

    name: str
    pixels: int
    channels: int
    thresholds: int
    operand_bits: int

    @cached_property
    def reuse_factors(self) -> Sequence[int]:
        return divisors(self.channels)

    def cycles(self, reuse: int) -> int:
        return self.pixels * reuse

    def cost(self, reuse: int) -> Budget:
        """A LUT for two bits of a comparison; thresholds that are not all used at once lie in block RAM."""
        count = self.channels // reuse * self.thresholds
        rams = -(-count * self.operand_bits // _RAM_WIDTH) * -(-reuse // _RAM_DEPTH) if reuse > 1 else 0
        return Budget(0, count * -(-self.operand_bits // 2), rams)


@dataclass(frozen=True)
class Proposal:
    """factors: by layer. cycles: a frame, of the slowest layer. cost: of all layers."""

    factors: Mapping[str, int]
    cycles: int
    cost: Budget

    @classmethod
    def of(cls, choices: Sequence[_Choice]) -> Proposal:
        factors = {choice.name: choice.reuse for choice in choices}
        slowest = max(choice.cycles for choice in choices)
        return cls(factors, slowest, Budget.total(choice.cost for choice in choices))


def propose(works: Sequence[Work], budget: Budget, cycles: int | None = None) -> Proposal:
    """The least cycles of the slowest layer that fit; of a layer's factors that allow them, the cheapest.

    cycles: as many as a frame may take; then the most of them that fit, which is the cheapest. Raises
    UserError if even the cheapest choice does not fit, and with the least cycles if they are more.
    """
    if not works:
        return Proposal({}, 0, Budget(0, 0, 0))
    proposals = _Proposals([_Layer.of(work, budget) for work in works], budget)
    best = proposals.first(proposals.targets)
    if best is None:
        raise UserError(
            f"reuse factors: expected layers that fit {budget}, found that they take "
            f"{proposals.within(proposals.targets[-1]).cost} when each reuses its multipliers as often as "
            "pays; choose a larger device or a narrower network"
        )
    if cycles is None:
        return best
    slow = [target for target in reversed(proposals.targets) if target <= cycles]
    found = proposals.first(slow)
    if found is None:
        raise UserError(
            f"reuse factors: expected at most {cycles:,} cycles a frame, found that the fastest layers that "
            f"fit {budget} take about {best.cycles:,}; allow more cycles, or choose a larger device"
        )
    return found


@dataclass(frozen=True)
class _Proposals:
    """What can be proposed for layers, by the cycles that the slowest may take."""

    layers: Sequence[_Layer]
    budget: Budget

    @cached_property
    def targets(self) -> Sequence[int]:
        """Cycles of the slowest layer at which a choice changes, ascending."""
        least = max(layer.cycles[0] for layer in self.layers)
        return sorted({cycles for layer in self.layers for cycles in layer.cycles if cycles >= least})

    def within(self, cycles: int) -> Proposal:
        return Proposal.of([layer.within(cycles) for layer in self.layers])

    def first(self, targets: Sequence[int]) -> Proposal | None:
        """Of those that fit the budget."""
        found = (self.within(target) for target in targets)
        return next((proposal for proposal in found if self.budget.holds(proposal.cost)), None)


@dataclass(frozen=True)
class _Choice:
    name: str
    reuse: int
    cycles: int
    cost: Budget


@dataclass(frozen=True)
class _Layer:
    """cycles: ascending. cheapest: for each of them, the cheapest choice that takes no more."""

    cycles: Sequence[int]
    cheapest: Sequence[_Choice]

    @classmethod
    def of(cls, work: Work, budget: Budget) -> _Layer:
        choices = [
            _Choice(work.name, reuse, work.cycles(reuse), work.cost(reuse)) for reuse in work.reuse_factors
        ]

        def cheaper(best: _Choice, choice: _Choice) -> _Choice:
            return min(best, choice, key=lambda one: budget.share(one.cost))

        cheapest = accumulate(choices, cheaper)
        return cls([choice.cycles for choice in choices], list(cheapest))

    def within(self, cycles: int) -> _Choice:
        return self.cheapest[bisect_right(self.cycles, cycles) - 1]


def valid_reuse(inputs: int, outputs: int) -> list[int]:
    """Reuse factors that hls4ml's matrix product can schedule, ascending.

    They divide inputs, or are a multiple of it that divides inputs · outputs.
    """
    return sorted({*divisors(inputs), *(inputs * divisor for divisor in divisors(outputs))})


def divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]
