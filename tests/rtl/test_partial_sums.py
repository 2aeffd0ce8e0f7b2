"""Partial sums against a model in Python: addition, maximum, and the read port between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from twofold.network.types import IntArray
from twofold.rtl.partial_sums import Accumulation, PartialSums
from twofold.rtl.primitives.family import Family
from twofold.sim import primitives
from twofold.sim.vectors import VectorSimulation, build

LANES, X_BITS, ACC_BITS, DEPTH = 2, 12, 20, 16


def built(alternatives: tuple[int, ...] = (1,), family: Family = Family.PORTABLE) -> VectorSimulation:
    design = PartialSums(
        lanes=LANES, x_bits=X_BITS, acc_bits=ACC_BITS, depth=DEPTH, alternatives=alternatives, family=family
    )
    return build(design, Path("build/vectors"), primitives.XC7)


@pytest.fixture(scope="module")
def hardware() -> VectorSimulation:
    return built()


@dataclass
class Drive:
    """Columns of inputs, each given in its own cycle, and the sums that are expected."""

    columns: dict[str, list] = field(default_factory=dict)
    expected: list[list[int]] = field(default_factory=list)
    cycle: int = 0

    def put(self, name: str, value: object, delay: int = 0) -> None:
        column = self.columns.setdefault(name, [])
        empty = [0] * LANES if name in ("x", "initial") else 0
        column += [empty] * (self.cycle + delay + 1 - len(column))
        column[self.cycle + delay] = value

    def step(self, addr: int, x: IntArray, initial: IntArray, operation: Accumulation, first: bool) -> None:
        self.put("valid", 1)
        self.put("first", int(first))
        self.put("operation", operation.value)
        self.put("addr", addr)
        self.put("x", x.tolist(), PartialSums.LEAD)
        self.put("initial", initial.tolist(), PartialSums.LEAD)
        self.cycle += 1


def random_passes(rng: np.random.Generator, distance: int) -> tuple[Drive, dict[int, IntArray]]:
    """Passes over random addresses, each at least `distance` cycles apart from itself, with gaps between."""
    drive, sums, last = Drive(), {}, dict.fromkeys(range(DEPTH), -distance)
    for _ in range(60):
        operation = rng.choice([Accumulation.ADD, Accumulation.MAX])
        addresses = rng.permutation(DEPTH)[: int(rng.integers(1, DEPTH + 1))]
        for repeat in range(int(rng.integers(1, 5))):
            for addr in map(int, addresses):
                drive.cycle = max(drive.cycle + int(rng.integers(0, 8) == 0), last[addr] + distance)
                last[addr] = drive.cycle
                x = rng.choice([-2048, 2047, int(rng.integers(-2048, 2048))], LANES)
                initial = rng.integers(-(1 << 19) + 40000, (1 << 19) - 40000, LANES)
                drive.step(addr, x, initial, operation, repeat == 0)
                sums[addr] = golden(operation, sums.get(addr), x, initial, first=repeat == 0)
                drive.expected.append([addr, *sums[addr]])
    return drive, sums


def golden(
    operation: Accumulation, old: IntArray | None, x: IntArray, initial: IntArray, *, first: bool
) -> IntArray:
    if operation is Accumulation.MAX:
        return x if first or old is None else np.maximum(old, x)
    return (initial if first or old is None else old) + x


def results(hardware: VectorSimulation, drive: Drive) -> list[list[int]]:
    """Address and sums of each cycle in which a result leaves; checks the latency."""
    out = hardware.run(drive.columns, cycles=drive.cycle + PartialSums.LATENCY)
    valid = drive.columns["valid"] + [0] * (drive.cycle - len(drive.columns["valid"]))
    assert out["out_valid"].tolist() == [0] * PartialSums.LATENCY + valid
    rows = np.concatenate([out["out_addr"][:, None], out["sums"]], axis=1)
    return rows[out["out_valid"] == 1].tolist()


def test_sums_and_maxima(hardware: VectorSimulation) -> None:
    drive, _ = random_passes(np.random.default_rng(1), PartialSums.DISTANCE)
    assert results(hardware, drive) == drive.expected


def in_numbers(drive: Drive, rng: np.random.Generator, alternatives: tuple[int, ...]) -> Drive:
    """The same with each term as the sum of as many addends, each in one of its numbers while the others
    are 0. A maximum has its term in the first."""
    xs = np.asarray(drive.columns["x"])
    largest = np.array([0] * PartialSums.LEAD + drive.columns["operation"])[:, None] == Accumulation.MAX.value
    half = np.clip(xs // 2 + rng.integers(-9, 10, xs.shape), -1 << X_BITS - 1, (1 << X_BITS - 1) - 1)
    second = np.where(largest, 0, (xs - half) * (len(alternatives) - 1))
    numbers = []
    for addend, count in zip((xs - second, second), alternatives, strict=False):
        place = np.where(largest, 0, rng.integers(0, count, xs.shape))
        numbers += [np.where(place == number, addend, 0) for number in range(count)]
    columns = drive.columns | {"x": np.concatenate(numbers, axis=1).tolist()}
    return Drive(columns, drive.expected, drive.cycle)


@pytest.mark.parametrize("family", [Family.PORTABLE, Family.XC7])
@pytest.mark.parametrize("alternatives", [(3,), (1, 1), (2, 1)])
def test_terms_of_several_numbers(alternatives: tuple[int, ...], family: Family) -> None:
    rng = np.random.default_rng(4)
    drive = in_numbers(random_passes(rng, PartialSums.DISTANCE)[0], rng, alternatives)
    fused = built(alternatives, family)
    assert results(fused, drive) == drive.expected
    drive.columns["x"][-1][-1] ^= 1
    assert results(fused, drive) != drive.expected


def test_sums_alone_that_begin_at_zero() -> None:
    design = PartialSums(
        lanes=LANES, x_bits=X_BITS, acc_bits=ACC_BITS, depth=DEPTH, biases=False, maxima=False
    )
    rng, drive, sums = np.random.default_rng(5), Drive(), {}
    for number in range(200):
        addr = number % PartialSums.DISTANCE
        first = addr not in sums or bool(rng.integers(0, 4) == 0)
        x = rng.integers(-2048, 2048, LANES)
        drive.step(addr, x, rng.integers(-999, 999, LANES), Accumulation.ADD, first)
        sums[addr] = x if first else sums[addr] + x
        drive.expected.append([addr, *sums[addr]])
    assert results(build(design, Path("build/vectors")), drive) == drive.expected


def chained_passes(rng: np.random.Generator) -> Drive:
    """Groups of changes of one address, every cycle or with gaps."""
    drive = Drive()
    for operation in (Accumulation.ADD, Accumulation.MAX, Accumulation.ADD):
        total: IntArray | None = None
        for _ in range(30):
            drive.cycle += int(rng.integers(0, 4) == 0)
            x, initial = rng.integers(-2048, 2048, LANES), rng.integers(-999, 999, LANES)
            drive.step(3, x, initial, operation, total is None)
            total = golden(operation, total, x, initial, first=total is None)
            drive.expected.append([3, *total])
    drive.columns["chained"] = [1] * (drive.cycle + PartialSums.LATENCY)
    return drive


def test_changes_of_one_address_every_cycle(hardware: VectorSimulation) -> None:
    drive = chained_passes(np.random.default_rng(6))
    assert results(hardware, drive) == drive.expected
    drive.columns["chained"] = []
    assert results(hardware, drive) != drive.expected


def test_an_address_that_returns_too_early_is_noticed(hardware: VectorSimulation) -> None:
    drive, _ = random_passes(np.random.default_rng(1), PartialSums.DISTANCE - 1)
    assert results(hardware, drive) != drive.expected


def test_one_wrong_address_is_noticed(hardware: VectorSimulation) -> None:
    drive, _ = random_passes(np.random.default_rng(2), PartialSums.DISTANCE)
    valid = np.flatnonzero(drive.columns["valid"])
    drive.columns["addr"][valid[len(valid) // 2]] ^= 1
    assert results(hardware, drive) != drive.expected


def test_reading_without_valid(hardware: VectorSimulation) -> None:
    drive, sums = random_passes(np.random.default_rng(3), PartialSums.DISTANCE)
    drive.cycle += PartialSums.DISTANCE - 1
    begin = drive.cycle + PartialSums.LEAD
    for addr in sorted(sums):
        drive.put("read_addr", addr)
        drive.cycle += 1
    out = hardware.run(drive.columns, cycles=drive.cycle + PartialSums.LEAD)
    assert out["read_data"][begin:].tolist() == [sums[addr].tolist() for addr in sorted(sums)]


def test_terms_must_not_be_wider_than_sums() -> None:
    with pytest.raises(ValueError, match="expected terms no wider than the sums' 24 bits, got 25"):
        PartialSums(lanes=1, x_bits=25)


@pytest.mark.parametrize("alternatives", [(), (1, 2), (3, 1), (1, 1, 1)])
def test_terms_that_no_adder_takes_are_refused(alternatives: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected alternatives \(n,\), \(1, 1\) or \(2, 1\), got \("):
        PartialSums(lanes=1, x_bits=8, alternatives=alternatives)
