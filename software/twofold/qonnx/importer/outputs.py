"""The graph's output: what the network gives, and what is left to the host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

import numpy as np

from twofold.qonnx.importer.accumulators import (
    BIAS_LIMIT,
    changeable,
    positive_dyadic,
    with_folded_offset,
)
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.host_part import HostPart, host_step
from twofold.qonnx.importer.layout import NATIVE
from twofold.qonnx.importer.reading import Reading
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.steps import is_clamp
from twofold.qonnx.importer.values import Codes, HostResult, StoredCodes, Sums, Value

DIVISION_ERROR = Fraction(1, 1 << 20)
"""More than float64 rounds where a number is divided by its scale."""


@dataclass(frozen=True, eq=False)
class Output:
    """codes: the network's output. host: nodes that a host computes from it, in order.

    They keep the order of the output's channels, so that the greatest stays the greatest.
    is_rounded: the graph's numbers are near those of the integers.
    """

    codes: Codes | Sums
    host: tuple[HostPart, ...] = ()
    is_rounded: bool = False


def output_of(builder: Builder, node: Node, value: Value, name: str) -> Output:
    """The value of the graph's output `name`, which `node` writes, or a refusal."""
    if isinstance(value, Codes | Sums) and not value.layout.is_native:
        return _transposed(builder, node, value, name)
    if isinstance(value, HostResult):
        output = output_of(builder, node, value.source, value.name)
        return replace(output, host=output.host + value.work)
    if isinstance(value, StoredCodes):
        raise node.refuse(
            "graph output",
            "integers that no DequantizeLinear has read",
            "real numbers",
            "end the graph with a DequantizeLinear node",
        )
    if isinstance(value, Codes) and value.factors is not None:
        raise node.refuse("graph output", "a scale for each channel", "one scale", "quantise per tensor")
    if isinstance(value, Codes):
        return Output(value)
    if not isinstance(value, Sums) or not builder.has_input:
        raise node.refuse(
            "graph output", "no quantised data", "the result of a layer", "quantise the graph's input"
        )
    return _integers(builder, value, name) or _nearest(builder, value, name) or _before_host(node, value)


def _transposed(builder: Builder, node: Node, value: Codes | Sums, name: str) -> Output:
    """A map that a host transposes."""
    layout = value.layout
    if len(value.shape) != 3:
        raise node.refuse(
            "graph output",
            f"the vector of a map {layout}",
            "one in the network's order",
            "transpose the map before it is flattened",
        )
    output = output_of(builder, node, replace(value, layout=NATIVE), name)
    codes = replace(output.codes, layout=layout)
    return replace(output, codes=codes, host=(*output.host, HostPart(f"Transpose to {layout}", None)))


def _integers(builder: Builder, sums: Sums, name: str) -> Output | None:
    """Sums whose steps round nothing: integers with one positive scale and no offset."""
    reading = sums.reading
    if sums.is_plain:
        return Output(sums)
    if reading.is_clamped or not reading.is_exact(builder.magnitudes(sums.tensor)):
        return None
    folded = with_folded_offset(builder, sums)
    gain, offset = folded.reading.ideal
    op, scale = changeable(builder, folded), positive_dyadic(set(gain))
    if op is None or scale is None or any(offset):
        return None
    return Output(replace(folded, tensor=builder.rewrite(op, name, scale)))


def _nearest(builder: Builder, sums: Sums, name: str) -> Output | None:
    """Sums of one free scale g, if the builder approximates: the executor's numbers are near their integers.

    A number v for an integer q, whose bias took the nearest integer b to offset / g, has
    |v / g − q| ≤ (slack + |offset − g·b|) / g = e, so the nearest integer to v / g is at most ⌊e + 1/2⌋ off.
    """
    op, reading = changeable(builder, sums), sums.reading
    scale = positive_dyadic(set(reading.gain))
    if not builder.approximate or op is None or scale is None or reading.steps:
        return None
    gain = scale.fraction
    bias = [round(offset / gain) for offset in reading.offset]
    if max(map(abs, bias)) > BIAS_LIMIT or not np.isfinite(reading.slack).all():
        return None
    rest = [abs(offset - gain * b) for offset, b in zip(reading.offset, bias, strict=True)]
    slack = max(Fraction(s) + r for s, r in zip(reading.slack.tolist(), rest, strict=True))
    builder.note_error(op.name, floor(slack / gain + Fraction(1, 2) + DIVISION_ERROR))
    tensor = builder.rewrite(replace(op, bias=op.bias + np.array(bias, np.int64)), name, scale)
    return Output(replace(sums, tensor=tensor), is_rounded=True)


def _before_host(node: Node, sums: Sums) -> Output:
    """Sums before the steps that a host must do; these must treat all channels alike."""
    reading = sums.reading
    plain = replace(sums, reading=replace(reading, steps=()))
    if plain.is_plain and _keep_order(reading):
        return Output(plain, tuple(HostPart(step.source, host_step(step)) for step in reading.steps))
    gains = set(reading.ideal[0])
    if positive_dyadic(gains) is None and not reading.slack.any():
        raise node.refuse(
            "graph output",
            f"{len(gains)} scales, {float(min(gains)):g} to {float(max(gains)):g}",
            "one positive scale for all channels, a sum of powers of two",
            "quantise the last layer's weights with one scale per tensor, or end the graph with a quantiser",
        )
    raise node.refuse(
        "graph output",
        _fault(reading),
        "accumulators of a layer, then the same positive factors and terms for all channels, "
        "or a quantiser's result",
        "end the graph with a quantiser, or with a bias that is a multiple of input scale × weight scale",
    )


def _keep_order(reading: Reading) -> bool:
    return bool((reading.signs > 0).all()) and all(
        step.is_uniform and not is_clamp(step) for step in reading.steps
    )


def _fault(reading: Reading) -> str:
    if reading.slack.any():
        return f"sums that float32 may round, by up to {reading.slack.max():g}"
    if reading.is_clamped:
        return "a Relu or Clip without a quantiser"
    return "sums with a bias or scale that no layer takes in"
