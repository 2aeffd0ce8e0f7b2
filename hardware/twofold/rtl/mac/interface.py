"""The interface that all kinds of processing element share: a software half and a hardware half."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Shape, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.errors import UserError
from twofold.network.types import IntArray, width_of


@dataclass(frozen=True)
class PeKind(ABC):
    """The software half: what a kind's weights look like in memory and what its sums mean.

    tin: activations that enter each cycle; tout: sums that leave each cycle. For weights [tout, tin]
    and activations a [tin] the hardware's sums are `product(weights, a) − correction(weights)`.
    """

    tin: int
    tout: int

    def __post_init__(self) -> None:
        if self.tin < 1 or self.tout < 1:
            raise ValueError(f"expected at least one input and one output, got {self.tin} × {self.tout}")

    @property
    @abstractmethod
    def name(self) -> str:
        """The name that programs and reports carry."""

    @property
    @abstractmethod
    def activation_shape(self) -> Shape:
        """Shape of one activation port."""

    @property
    @abstractmethod
    def activation_range(self) -> tuple[int, int]:
        """Least and greatest activation for which the sums are exact."""

    @property
    @abstractmethod
    def sum_range(self) -> tuple[int, int]:
        """Bounds of a sum over every accepted weight and every activation in range."""

    @property
    @abstractmethod
    def load_words(self) -> int:
        """Memory words of 8·tin bits that hold one tile of weights."""

    @property
    def settle(self) -> int:
        """Cycles that lie, at least, between a tile's last word and the swap to it."""
        return 0

    @property
    @abstractmethod
    def latency(self) -> int:
        """Cycles from an activation vector to its sums."""

    @abstractmethod
    def refusal(self, weights: IntArray) -> str | None:
        """Why weights [tout, tin] cannot be held, in words for a user; None if they can."""

    @abstractmethod
    def words(self, weights: IntArray) -> list[int]:
        """The memory words of weights [tout, tin] that are known to be accepted."""

    @abstractmethod
    def component(self) -> PeArray:
        """The hardware half."""

    def correction(self, weights: IntArray) -> IntArray:
        """[tout], to be added to the bias once for every tile that an output meets, padding included."""
        return np.zeros(self.tout, np.int64)

    @property
    def sum_bits(self) -> int:
        """Width of one signed sum."""
        low, high = self.sum_range
        return width_of(min(low, -1), high)

    @property
    def addends(self) -> int:
        """Numbers as which a sum leaves, to be added where it is accumulated; 1 unless a kind differs."""
        return 1

    @property
    def addend_bits(self) -> int:
        """Width of one signed addend, at most `sum_bits`."""
        return self.sum_bits

    @property
    def rows(self) -> int:
        """Activations that are multiplied in a pass, the first ones; all unless a kind differs."""
        return self.tin

    def parts(self, inputs: int) -> int:
        """Passes that it takes to multiply the first so many activations."""
        return -(-min(inputs, self.tin) // self.rows)

    def split(self, weights: IntArray, parts: int) -> Iterator[IntArray]:
        """The weights [tout, tin] of each of `parts` passes of a tile, those that are multiplied first."""
        for first in range(0, parts * self.rows, self.rows):
            part = np.zeros_like(weights)
            own = weights[:, first : first + self.rows]
            part[:, : own.shape[1]] = own
            yield part

    def accepts(self, weights: IntArray) -> bool:
        return self.refusal(np.asarray(weights, np.int64)) is None

    def encode(self, weights: npt.ArrayLike) -> list[int]:
        """Weights [tout, tin] as `load_words` memory words of 8·tin bits, in the order of loading.

        Raises UserError for weights that this kind cannot hold.
        """
        tile = np.asarray(weights, np.int64)
        if tile.shape != (self.tout, self.tin):
            raise ValueError(f"expected weights of shape {(self.tout, self.tin)}, got {tile.shape}")
        reason = self.refusal(tile)
        if reason is not None:
            raise UserError(f"{self.name}: {reason}")
        return self.words(tile)

    def product(self, weights: npt.ArrayLike, activations: npt.ArrayLike) -> IntArray:
        """Exact inner products: weights [tout, tin], activations [..., tin] → [..., tout]."""
        return np.asarray(activations, np.int64) @ np.asarray(weights, np.int64).T


class PeArray(wiring.Component):
    """The hardware half: `tin` activations in and `tout` sums out every cycle, weights loaded ahead.

    Free running, without enables: every cycle's vector is multiplied, and its sums are on `y` exactly
    `kind.latency` cycles after it was on `a`. There are two sets of weights. `load_*` writes the one in
    waiting, one memory word a cycle, each once, in any order of index. `swap`, given with the first
    vector of a new tile, makes it the set that this vector and all later ones meet. Between the last
    word and `swap` there are at least `kind.settle` cycles, 0 unless a kind says otherwise; the next
    tile's first word may come in the cycle after `swap` or later.

    Members
    -------
    a : In(ArrayLayout(kind.activation_shape, tin))
        Activations, within `kind.activation_range`.
    load_valid : In(1)
        A word is on the load bus.
    load_index : In(range(load_words))
        Which of the tile's words it is.
    load_word : In(8 * tin)
        One element of `kind.encode(weights)`.
    swap : In(1)
        The vector on `a` is the first of the tile that was loaded last.
    y : Out(ArrayLayout(signed(kind.addend_bits), tout * kind.addends))
        `kind.product(weights, a) - kind.correction(weights)`; addend n of sum o in place n * tout + o.
    """

    def __init__(self, kind: PeKind) -> None:
        self.kind = kind
        super().__init__(
            {
                "a": In(data.ArrayLayout(kind.activation_shape, kind.tin)),
                "load_valid": In(1),
                "load_index": In(range(kind.load_words)),
                "load_word": In(8 * kind.tin),
                "swap": In(1),
                "y": Out(data.ArrayLayout(signed(kind.addend_bits), kind.tout * kind.addends)),
            }
        )


def pack(values: Sequence[int] | IntArray, bits: int) -> int:
    """Integers as fields of `bits` bits, two's complement, the first in the lowest bits."""
    mask = (1 << bits) - 1
    return sum((int(value) & mask) << (bits * index) for index, value in enumerate(values))


def outside(weights: IntArray, low: int, high: int) -> str | None:
    """The reason for refusing weights that leave [low, high], naming the first that does."""
    wrong = weights[(weights < low) | (weights > high)]
    return f"expected weights in [{low}, {high}], found {wrong[0]}" if wrong.size else None
