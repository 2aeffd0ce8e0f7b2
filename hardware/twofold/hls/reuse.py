"""A reuse factor for each layer: the fastest network whose layers fit a device together.

In streams all layers work at once, so the slowest sets the rate: a layer of P pixels whose products share
multipliers over R cycles takes about P·R cycles a frame. What layers take is counted here, not synthesised.
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
    """What one layer computes for each of `pixels`."""

    @property
    def name(self) -> str: ...

    @property
    def pixels(self) -> int: ...

    @property
    def reuse_factors(self) -> Sequence[int]:
        """What hls4ml can schedule and HLS can unroll, ascending; not empty."""

    def cost(self, reuse: int) -> Budget: ...


@dataclass(frozen=True)
class Products:
    """inputs × outputs products with weights. shifts: by two shifts and an addition, else by multiplying.

    product_bits: width of one product. reuse_max: hls4ml's convolutions are wrong in io_parallel, without a
    word, if multipliers are reused over more cycles than an output has inputs.
    """

    name: str
    pixels: int
    inputs: int
    outputs: int
    weight_bits: int
    product_bits: int
    shifts: bool
    reuse_max: int | None = None

    @cached_property
    def reuse_factors(self) -> Sequence[int]:
        products = self.inputs * self.outputs
        highest = self.reuse_max or products
        valid = valid_reuse(self.inputs, self.outputs)
        return [reuse for reuse in valid if reuse <= highest and products // reuse <= UNROLL_MAX]

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


def propose(works: Sequence[Work], budget: Budget) -> Proposal:
    """The least cycles of the slowest layer that fit; of a layer's factors that allow them, the cheapest.

    Raises UserError if even the cheapest choice does not fit.
    """
    layers = [_Layer.of(work, budget) for work in works]
    slowest = max((layer.cycles[0] for layer in layers), default=0)
    targets = sorted({cycles for layer in layers for cycles in layer.cycles if cycles >= slowest})
    proposal = Proposal({}, 0, Budget(0, 0, 0))
    for cycles in targets:
        proposal = Proposal.of([layer.within(cycles) for layer in layers])
        if budget.holds(proposal.cost):
            return proposal
    if not layers:
        return proposal
    raise UserError(
        f"reuse factors: expected layers that fit {budget}, found that they take {proposal.cost} when each "
        f"reuses its multipliers as often as pays; choose a larger device or a narrower network"
    )


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
            _Choice(work.name, reuse, reuse * work.pixels, work.cost(reuse)) for reuse in work.reuse_factors
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
