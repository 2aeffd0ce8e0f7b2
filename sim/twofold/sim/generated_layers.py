"""Layers of random shapes and numbers that an engine of a given geometry can run, for tests and benches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import (
    Add,
    Concat,
    Conv2d,
    MaxPool2d,
    Op,
    Requantise,
    SumPool2d,
    Threshold,
    Upsample2d,
)
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.shapes import result_shape
from twofold.network.types import IntArray, IntType
from twofold.plan.memory.layout import blocks_of
from twofold.rtl.geometry import Feature, Geometry, PeName
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.kinds import pe_kinds

_APOT = np.array([-10, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 10])
_SWEPT_PIXELS_MAX = 40_000
"""Of a layer, so that a case takes a fraction of a second."""
_SIDE_MAX = 20
_TALL = 64
"""Rows of a window that need Feature.LARGE_WINDOWS."""


def generated_layer(seed: int, geometry: Geometry) -> Network:
    """A layer and its quantiser, or sums that stay; equal for equal seeds.

    Kernels of 1 to 7, strides and dilations to 3, padding to 3 on each side, maps to 20 × 20, channels to
    three blocks of lanes in and out or more if they are in groups, which a third is, codes of 2 to 8 bits of
    both signs with any zero point, weights of all of the geometry's kinds; poolings, additions and
    concatenations, and, on geometries that have the features, upsampling and pools of 64 to 100 rows.
    """
    return _Layer(seed, geometry).network()


class _Layer:
    def __init__(self, seed: int, geometry: Geometry) -> None:
        self.random, self.geometry = np.random.default_rng(seed), geometry
        self.budget = 1 << (geometry.accumulator_bits - 2)
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []

    def network(self) -> Network:
        """Three of four layers are convolutions."""
        body = (self.convolution, self.convolution, self.convolution, self.without_weights)[self.pick(0, 3)]
        body()
        network = Network.of("generated", self.tensors, self.ops, "x", self.tensors[-1].name)
        return run_passes(network, [narrow_accumulators])

    def pick(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def pair(self, low: int, high: int) -> tuple[int, int]:
        return self.pick(low, high), self.pick(low, high)

    def codes_type(self, bits: int = 8, signed: bool | None = None) -> IntType:
        """Of 2 to `bits` bits; a third of them has a zero point."""
        sign = bool(self.pick(0, 1)) if signed is None else signed
        plain = IntType(sign, self.pick(2, bits))
        return replace(plain, zero_point=self.pick(plain.lo, plain.hi) if self.pick(0, 2) == 0 else 0)

    def put(self, kind: type[Op], type_: IntType, *operands: Tensor, **fields: Any) -> Tensor:
        name = f"{kind.__name__.lower()}{len(self.ops)}"
        op = kind(name, tuple(operand.name for operand in operands), name, **fields)
        tensor = Tensor(name, result_shape(op, *(operand.shape for operand in operands)), type_)
        self.tensors.append(tensor)
        self.ops.append(op)
        return tensor

    def input(self, type_: IntType, channels: int, sides: tuple[int, int]) -> Tensor:
        self.tensors.append(Tensor("x", (channels, *sides), type_))
        return self.tensors[-1]

    def convolution(self) -> None:
        kind, type_ = self.kind_and_codes()
        lanes, kernel, dilation = self.geometry.lanes, self.pair(1, 7), self.pair(1, 3)
        inputs, outputs = self.pick(1, 3 * lanes), self.pick(1, 3 * lanes)
        groups = (1, 1, self.pick(2, 3 * lanes))[self.pick(0, 2)]
        inputs, outputs = -(-inputs // groups) * groups, -(-outputs // groups) * groups
        padding = (*self.pair(0, 3), *self.pair(0, 3))
        extent = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        sweeps = blocks_of(inputs, lanes) * blocks_of(outputs, lanes) * kernel[0] * kernel[1]
        longest = int(min(_SIDE_MAX, max(2, (_SWEPT_PIXELS_MAX / sweeps) ** 0.5)))
        least = [max(1, size - padding[axis] - padding[axis + 2]) for axis, size in enumerate(extent)]
        sides = (self.pick(least[0], max(least[0], longest)), self.pick(least[1], max(least[1], longest)))
        weight = self.weights(kind, (outputs, inputs // groups, *kernel), max(abs(type_.lo), type_.hi))
        sums = self.put(
            Conv2d,
            IntType(True, 60, Dyadic(1, 8)),
            self.input(type_, inputs, sides),
            weight=weight,
            bias=self.random.integers(-999, 999, outputs),
            stride=self.pair(1, 3),
            padding=padding,
            dilation=dilation,
            groups=groups,
        )
        held = blocks_of(outputs, lanes) * sums.shape[1] * sums.shape[2] <= self.geometry.sum_words
        if self.pick(0, 4) or not held:
            self.quantise_products(sums, weight, type_)

    def kind_and_codes(self) -> tuple[PeKind, IntType]:
        """One of the geometry's kinds, and activations that it can have."""
        kind = pe_kinds(self.geometry)[self.pick(0, len(self.geometry.kinds) - 1)]
        low, high = kind.activation_range
        return kind, self.codes_type(high.bit_length(), signed=False) if low == 0 else self.codes_type()

    def quantise_products(self, sums: Tensor, weight: IntArray, type_: IntType) -> None:
        spread = np.abs(weight).sum(axis=(1, 2, 3)).max() * max(abs(type_.lo), type_.hi)
        self.quantise(sums, max(int(spread * self.random.uniform(0.02, 0.3)), 16))

    def weights(self, kind: PeKind, shape: tuple[int, ...], largest: int) -> IntArray:
        """Codes of a kind, of a filter only so many that its sums fit. largest: of the activations."""
        codes = self.codes(kind)
        weight = self.random.choice(codes, shape).reshape(shape[0], -1)
        kept = max(1, self.budget // (int(np.abs(codes).max()) * largest))
        order = np.argsort(self.random.random(weight.shape), axis=1)
        weight[order >= kept] = 0
        return weight.reshape(shape)

    def codes(self, kind: PeKind) -> IntArray:
        geometry = self.geometry
        match PeName(kind.name):
            case PeName.APOT_SHIFT:
                return _APOT
            case PeName.INT4_DSP:
                return np.arange(geometry.int4_dsp_low, geometry.int4_dsp_high + 1)
            case PeName.LUT_DA:
                return np.arange(geometry.lut_da_low, geometry.lut_da_high + 1)
        return np.arange(-128, 128)

    def without_weights(self) -> None:
        builds = [self.pooling, self.pooling, self.addition, self.concatenation]
        if Feature.UPSAMPLING in self.geometry.features:
            builds.append(self.upsampling)
        if Feature.LARGE_WINDOWS in self.geometry.features:
            builds.append(self.tall_pooling)
        builds[self.pick(0, len(builds) - 1)]()

    def source(self, blocks: int = 3, side: int = _SIDE_MAX) -> Tensor:
        return self.input(self.codes_type(), self.pick(1, blocks * self.geometry.lanes), self.pair(1, side))

    def pooling(self) -> None:
        source = self.source()
        if self.pick(0, 1):
            self.maximum(source)
        else:
            self.sum(source, (1, 1))

    def tall_pooling(self) -> None:
        rows = self.pick(_TALL, 100)
        source = self.input(self.codes_type(), self.pick(1, self.geometry.lanes), (rows, self.pick(1, 3)))
        if self.pick(0, 1):
            self.put(
                MaxPool2d, source.type, source, kernel=(self.pick(_TALL, rows), 1), stride=self.pair(1, 3)
            )
        else:
            self.sum(source, (_TALL, 1))

    def upsampling(self) -> None:
        source = self.source(blocks=2, side=8)
        larger = self.put(Upsample2d, source.type, source)
        if self.pick(0, 1):
            self.quantise(larger, 64)

    def concatenation(self) -> None:
        """Copies of a map, or the map itself, and a convolution of what they are joined to."""
        kind, type_ = self.kind_and_codes()
        source = self.input(type_, self.pick(1, 2 * self.geometry.lanes), self.pair(1, 8))
        parts = [source if self.pick(0, 2) == 0 else self.quantise(source, 64, type_) for _ in range(3)]
        joined = self.put(Concat, type_, *parts)
        if self.pick(0, 1):
            joined = self.maximum(self.put(Concat, type_, joined, parts[self.pick(0, 2)]))
        shape = (self.pick(1, 2 * self.geometry.lanes), joined.channels, 1, 1)
        weight = self.weights(kind, shape, max(abs(type_.lo), type_.hi))
        bias = self.random.integers(-999, 999, shape[0])
        sums = self.put(Conv2d, IntType(True, 60, Dyadic(1, 8)), joined, weight=weight, bias=bias)
        self.quantise_products(sums, weight, type_)

    def maximum(self, source: Tensor) -> Tensor:
        kernel = tuple(self.pick(1, min(7, side)) for side in source.shape[1:])
        padding = tuple(self.pick(0, kernel[place % 2] - 1) for place in range(4))
        return self.put(
            MaxPool2d, source.type, source, kernel=kernel, stride=self.pair(1, 3), padding=padding
        )

    def sum(self, source: Tensor, least: tuple[int, int]) -> None:
        kernel = tuple(self.pick(low, side) for low, side in zip(least, source.shape[1:], strict=True))
        zero = kernel[0] * kernel[1] * source.type.zero_point
        type_ = IntType(True, 60, source.type.scale, zero)
        sums = self.put(SumPool2d, type_, source, kernel=kernel, stride=self.pair(1, 3))
        self.quantise(sums, kernel[0] * kernel[1] * 60 + 16)

    def addition(self) -> None:
        """A quantised copy of another scale, added to the tensor itself."""
        source = self.source()
        shift = self.pick(0, 7)
        scale = source.type.scale * Dyadic.power_of_two(shift)
        copy = self.quantise(source, 64, self.codes_type().with_scale(scale))
        zero = (copy.type.zero_point << shift) + source.type.zero_point
        sums = self.put(Add, IntType(True, 60, source.type.scale, zero), copy, source, shifts=(shift, 0))
        self.quantise(sums, 64 << shift)

    def quantise(self, source: Tensor, spread: int, type_: IntType | None = None) -> Tensor:
        """Codes of sums that are mostly within ±spread, by thresholds or by multipliers."""
        result = type_ or self.codes_type()
        channels = source.channels
        if self.pick(0, 1):
            thresholds = np.sort(self.random.integers(-spread, spread, (channels, self.pick(1, 15))), axis=1)
            levels = self.random.integers(result.lo, result.hi, thresholds.shape[1] + 1, endpoint=True)
            return self.put(Threshold, result, source, thresholds=thresholds, levels=np.sort(levels))
        shift = self.random.integers(12, 24, channels)
        gain = (result.hi - result.lo) / spread * self.random.uniform(0.2, 2, channels)
        multiplier = np.clip(np.rint(gain * 2.0**shift), 1, 65535).astype(np.int64)
        bounds = (self.pick(result.lo, result.zero_point), self.pick(result.zero_point, result.hi))
        return self.put(Requantise, result, source, multiplier=multiplier, shift=shift, bounds=bounds)
