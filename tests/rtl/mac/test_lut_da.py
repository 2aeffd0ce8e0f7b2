"""Tables of subset sums: every weight in them, their timing, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from twofold.network.types import IntArray, IntType
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.weight_code import APOT4, INT4, TwosComplement
from twofold.sim.benches.pe_stream import Stream, Tiles, make_stream, random_tiles
from twofold.sim.vectors import build

BUILD = Path("build/vectors")
UINT4 = IntType(False, 4)


def is_exact(kind: PeKind, stream: Stream) -> bool:
    first = stream.first + kind.latency
    cycles = first + len(stream.expected)
    y = build(kind.component(), BUILD).run(stream.inputs, cycles=cycles)["y"]
    sums = y.reshape(cycles, kind.addends, kind.tout).sum(axis=1)
    return np.array_equal(sums[first:], stream.expected)


def all_operands(kind: LutDa) -> Tiles:
    """Every choice of four weights at some output, each meeting every vector."""
    weights = range(kind.weights.low, kind.weights.high + 1)
    columns = np.array(list(product(weights, repeat=4)), np.int64).reshape(-1, kind.tout, 4)
    low, high = kind.activation_range
    vectors = np.array(list(product(range(low, high + 1), repeat=4)), np.int64)
    return list(columns), [vectors] * len(columns)


@pytest.mark.parametrize(
    "kind",
    [
        LutDa(4, 32, INT4, IntType(False, 1)),
        LutDa(4, 2, TwosComplement(-2, 1), IntType(False, 2)),
        LutDa(4, 2, TwosComplement(-2, 1), IntType(True, 2), addends=2),
    ],
    ids=["every table", "every product", "every product of signed activations"],
)
def test_all_operands(kind: LutDa) -> None:
    assert is_exact(kind, make_stream(kind, *all_operands(kind)))


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_activation_width(bits: int) -> None:
    """Half of the widths with signed activations, and half with APoT weights."""
    code = APOT4 if bits in (1, 2, 5, 6) else INT4
    kind = LutDa(4, 2, code, IntType(bits % 2 == 0, bits), addends=1 + bits // 5)
    assert is_exact(kind, make_stream(kind, *random_tiles(kind, np.random.default_rng(bits), count=12)))


@dataclass(frozen=True)
class Hasty(LutDa):
    """Promises to be ready a cycle earlier than it is."""

    @property
    def settle(self) -> int:
        return super().settle - 1


def test_a_cycle_less_to_settle_is_noticed() -> None:
    tiles: list[IntArray]
    tiles, sweeps = random_tiles(LutDa(4, 3, activations=UINT4), np.random.default_rng(5))
    # The entry that is written last is that of the fourth weight alone.
    for tile in tiles:
        tile[:] = np.where(tile == 0, 1, tile)
    for sweep in sweeps:
        sweep[0] = [0, 0, 0, 15]
    patient, hasty = LutDa(4, 3, activations=UINT4), Hasty(4, 3, activations=UINT4)
    assert is_exact(patient, make_stream(patient, tiles, sweeps))
    assert not is_exact(hasty, make_stream(hasty, tiles, sweeps))


def test_words_are_groups_of_columns_weight_by_weight() -> None:
    kind = LutDa(4, 10)
    assert (kind.stage.columns_per_word, kind.load_words, kind.settle) == (8, 8, 16)
    weights = np.zeros((10, 4), np.int64)
    weights[0], weights[1, 0], weights[9] = [1, 2, 3, -1], -8, [4, 5, 6, 7]
    assert kind.encode(weights) == [0x81, 2, 3, 0xF, 0x40, 0x50, 0x60, 0x70]
    assert kind.place_words(weights) == [0x4000000081, 0x5000000002, 0x6000000003, 0x700000000F]


def test_a_tile_of_4_bit_weights_takes_4_bits_each() -> None:
    for code in (INT4, APOT4):
        kind = LutDa(16, 16, code, UINT4)
        assert (kind.layout.place_bits, kind.load_words) == (256, 8)


def test_two_addends_leave_one_adder_less() -> None:
    one, two = (LutDa(16, 16, INT4, UINT4, addends=addends) for addends in (1, 2))
    assert (two.latency, two.tree.luts) < (one.latency, one.tree.luts)
    assert two.addend_bits <= two.sum_bits == one.addend_bits


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tin": 6}, "inputs by 4, got 6"),
        ({"activations": IntType(False, 9)}, "an activation width of 1 to 8 bits, got 9"),
        ({"addends": 3}, "one or two addends, got 3"),
    ],
)
def test_refusals(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^expected {message}$"):
        LutDa(**{"tin": 4, "tout": 4, **fields})  # type: ignore[arg-type]
