"""Random networks, for every test that wants any network, and how random examples are drawn."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, Flatten, Linear, MaxPool2d, Op, Requantise, SumPool2d, Threshold
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.shapes import result_shape
from twofold.network.types import IntType

# `make test` draws the same examples each time; `make explore` draws new ones.
settings.register_profile("repeat", derandomize=True)
settings.register_profile("explore", derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


class RandomNetwork:
    """Layers of random geometry and numbers, each quantised; every kind of op can come but Concat, Upsample2d
    and WeightedAdd."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        shape = tuple(self.pick(1, high) for high in (4, 7, 7))
        self.tensors = [Tensor("x", shape, self.type())]
        self.ops: list[Op] = []

    def pick(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def type(self) -> IntType:
        signed, bits = bool(self.pick(0, 1)), self.pick(2, 8)
        plain = IntType(signed, bits, Dyadic.power_of_two(self.pick(-6, 0)))
        return replace(plain, zero_point=self.pick(plain.lo, plain.hi) if self.pick(0, 2) == 0 else 0)

    @property
    def last(self) -> Tensor:
        return self.tensors[-1]

    def put(self, kind: type[Op], type_: IntType, *fields: object, also: tuple[Tensor, ...] = ()) -> None:
        name = f"t{len(self.ops)}"
        operands = (self.last, *also)
        op = kind(name, tuple(operand.name for operand in operands), name, *fields)
        self.tensors.append(Tensor(name, result_shape(op, *(operand.shape for operand in operands)), type_))
        self.ops.append(op)

    def wide(self, scale: Dyadic, zero_point: int = 0) -> IntType:
        return IntType(True, 60, scale, zero_point)

    def conv(self) -> None:
        channels, *size = self.last.shape
        groups = int(self.random.choice([g for g in range(1, channels + 1) if channels % g == 0]))
        kernel = [self.pick(1, min(3, axis)) for axis in size]
        outputs = groups * self.pick(1, 3)
        weight = self.random.integers(-8, 8, (outputs, channels // groups, *kernel))
        bias = self.random.integers(-99, 99, outputs)
        stride, padding = (self.pick(1, 2), self.pick(1, 2)), tuple(self.pick(0, 2) for _ in range(4))
        dilation = tuple(
            self.pick(1, 2) if axis >= 2 * k - 1 else 1 for axis, k in zip(size, kernel, strict=True)
        )
        scale = Dyadic.power_of_two(self.pick(-9, -3))
        self.put(Conv2d, self.wide(scale), weight, bias, stride, padding, dilation, groups)

    def max_pool(self) -> None:
        kernel = tuple(self.pick(1, min(3, axis)) for axis in self.last.shape[1:])
        padding = tuple(self.pick(0, kernel[index % 2] - 1) for index in range(4))
        self.put(MaxPool2d, self.last.type, kernel, (self.pick(1, 2), self.pick(1, 2)), padding)

    def sum_pool(self) -> None:
        kernel = tuple(self.pick(1, axis) for axis in self.last.shape[1:])
        zero = kernel[0] * kernel[1] * self.last.type.zero_point
        self.put(SumPool2d, self.wide(self.last.type.scale, zero), kernel, (1, self.pick(1, 2)))

    def add(self) -> None:
        """A quantised copy of another scale, added to the tensor itself."""
        source = self.last
        self.requantise(source.type.scale * Dyadic.power_of_two(self.pick(0, 3)))
        shift = self.last.type.scale.log2 - source.type.scale.log2
        zero = (self.last.type.zero_point << shift) + source.type.zero_point
        self.put(Add, self.wide(source.type.scale, zero), (shift, 0), also=(source,))

    def requantise(self, scale: Dyadic | None = None) -> None:
        channels, type_ = self.last.channels, self.type()
        type_ = type_.with_scale(scale) if scale else type_
        multiplier = self.random.integers(0, 200, channels)
        shift = self.random.integers(0, 16, channels)
        bounds = (self.pick(type_.lo, type_.zero_point), self.pick(type_.zero_point, type_.hi))
        self.put(Requantise, type_, multiplier, shift, bounds)

    def threshold(self) -> None:
        type_ = self.type()
        count = self.pick(1, 9)
        thresholds = np.sort(self.random.integers(-300, 300, (self.last.channels, count)), axis=1)
        levels = np.sort(self.random.integers(type_.lo, type_.hi, count + 1, endpoint=True))
        self.put(Threshold, type_, thresholds, levels)

    def linear(self) -> None:
        self.put(Flatten, self.last.type)
        weight = self.random.integers(-8, 8, (self.pick(1, 5), self.last.shape[0]))
        bias = self.random.integers(-99, 99, len(weight))
        self.put(Linear, self.wide(Dyadic.power_of_two(-9)), weight, bias)

    def network(self) -> Network:
        for _ in range(self.pick(1, 3)):
            layer = (self.conv, self.max_pool, self.sum_pool, self.add)[self.pick(0, 3)]
            layer()
            (self.requantise if self.pick(0, 1) else self.threshold)()
        self.linear()
        network = Network.of("random", self.tensors, self.ops, "x", self.last.name)
        return run_passes(network, [narrow_accumulators])


@pytest.fixture(scope="session")
def network_of() -> Callable[[int], Network]:
    """The verified network that a seed draws."""
    return lambda seed: RandomNetwork(seed).network()


@pytest.fixture(scope="session")
def networks() -> st.SearchStrategy[Network]:
    """A strategy of verified networks."""
    return st.integers(0, 2**32 - 1).map(lambda seed: RandomNetwork(seed).network())
