"""Tables of subset sums: every weight in them, their timing, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from twofold.network.types import IntArray
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.ternary_tree import Term, plan_tree, total
from twofold.sim.benches.pe_stream import Stream, Tiles, accepted_weights, make_stream, random_tiles
from twofold.sim.vectors import build

BUILD = Path("build/vectors")


def is_exact(kind: PeKind, stream: Stream) -> bool:
    first = stream.first + kind.latency
    cycles = first + len(stream.expected)
    y = build(kind.component(), BUILD).run(stream.inputs, cycles=cycles)["y"]
    return np.array_equal(y.reshape(cycles, kind.tout)[first:], stream.expected)


def all_operands(kind: LutDa) -> Tiles:
    """Every choice of four weights at some output, each meeting every vector."""
    weights = range(kind.low, kind.high + 1)
    columns = np.array(list(product(weights, repeat=4)), np.int64).reshape(-1, kind.tout, 4)
    low, high = kind.activation_range
    vectors = np.array(list(product(range(low, high + 1), repeat=4)), np.int64)
    return list(columns), [vectors] * len(columns)


@pytest.mark.parametrize(
    "kind",
    [LutDa(4, 32, activation_bits=1), LutDa(4, 2, low=-2, high=1, activation_bits=2)],
    ids=["every table", "every product"],
)
def test_all_operands(kind: LutDa) -> None:
    assert is_exact(kind, make_stream(kind, *all_operands(kind)))


def test_published_levels_are_held() -> None:
    levels = [0, 1, 2, 3, 4, 6, 8, 10]
    kind = LutDa(8, 8, low=-10, high=10)
    assert {sign * level for level in levels for sign in (1, -1)} <= set(accepted_weights(kind).tolist())


@dataclass(frozen=True)
class Hasty(LutDa):
    """Promises to be ready a cycle earlier than it is."""

    @property
    def settle(self) -> int:
        return super().settle - 1


def test_a_cycle_less_to_settle_is_noticed() -> None:
    tiles: list[IntArray]
    tiles, sweeps = random_tiles(LutDa(4, 3, activation_bits=4), np.random.default_rng(5))
    # The entry that is written last is that of the fourth weight alone.
    for tile in tiles:
        tile[:] = np.where(tile == 0, 1, tile)
    for sweep in sweeps:
        sweep[0] = [0, 0, 0, 15]
    patient, hasty = LutDa(4, 3, activation_bits=4), Hasty(4, 3, activation_bits=4)
    assert is_exact(patient, make_stream(patient, tiles, sweeps))
    assert not is_exact(hasty, make_stream(hasty, tiles, sweeps))


def test_words_are_groups_of_columns_weight_by_weight() -> None:
    kind = LutDa(4, 10)
    assert (kind.layout.columns_per_word, kind.load_words, kind.settle) == (8, 8, 17)
    weights = np.zeros((10, 4), np.int64)
    weights[0], weights[1, 0], weights[9] = [1, 2, 3, -1], -8, [4, 5, 6, 7]
    assert kind.encode(weights) == [0x81, 2, 3, 0xF, 0x40, 0x50, 0x60, 0x70]


@pytest.mark.parametrize("bits", range(1, 9))
def test_a_tree_adds_each_leaf_once(bits: int) -> None:
    leaves = LutDa(8, 1, activation_bits=bits).leaves
    terms = list(leaves)
    for groups in plan_tree(leaves):
        assert sorted(index for group in groups for index in group) == list(range(len(terms)))
        terms = [total([terms[index] for index in group]) for group in groups]
    whole = (1 << bits) - 1
    assert terms == [Term(8 * -8 * whole, 8 * 7 * whole, 0)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tin": 6}, "inputs by 4, got 6"),
        ({"low": 1}, r"weights from \[-128, 0\] to \[1, 127\], got \[1, 7\]"),
        ({"high": 128}, r"weights from \[-128, 0\] to \[1, 127\], got \[-8, 128\]"),
        ({"activation_bits": 9}, "an activation width of 1 to 8 bits, got 9"),
    ],
)
def test_refusals(fields: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^expected {message}$"):
        LutDa(**{"tin": 4, "tout": 4, **fields})  # type: ignore[arg-type]
