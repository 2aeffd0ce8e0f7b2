"""What handlers see of the graph while it is walked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.channels import constant, per_channel
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.steps import Floats
from twofold.qonnx.importer.values import (
    Codes,
    Constant,
    DataValue,
    FixedValue,
    HostResult,
    QuantisedConstant,
    RawInput,
    StoredCodes,
    Sums,
    Value,
)

_OTHERS = MappingProxyType(
    {
        RawInput: (
            "the graph's float input",
            "let the graph's input pass through a Quant node first, as twofold declare puts one there",
        ),
        Constant: ("a constant", "fold the node into the constant before export"),
        QuantisedConstant: ("a quantised constant", "put the node before the constant's quantiser"),
        StoredCodes: (
            "integers that no DequantizeLinear has read",
            "let a DequantizeLinear node read them first",
        ),
        HostResult: ("what a host computes", "leave it to the end of the graph"),
    }
)
"""Values that are no quantised data: what they are, and what to do."""


_Laid = TypeVar("_Laid", bound=Codes | Sums | RawInput)


@dataclass(frozen=True, eq=False)
class Walk:
    """The values of all tensors before the current node.

    batch: the graph's fixed batch size, if any. map_rank: dimensions of its maps, the batch included: 4, or 3
    if they are [N, C, W], which are [C, 1, W] in the network.
    """

    builder: Builder
    values: Mapping[str, Value]
    batch: int | None
    map_rank: int = 4

    def rank(self, shape: tuple[int, ...]) -> int:
        """Dimensions in the graph of data of a shape in the network."""
        return self.map_rank if len(shape) == 3 else 2

    def channel_floats(self, node: Node, index: int, data: RawInput | DataValue, field: str) -> Floats:
        """Input `index`, a constant, as one float32 number for each channel of `data`."""
        value, rank = self.fixed(node, index, field), self.rank(data.shape)
        return per_channel(node, field, value, data.shape, rank, data.layout)

    def are_fixed(self, node: Node) -> bool:
        """Whether all inputs are constants."""
        return all(isinstance(self.values[name], Constant) for name in node.inputs if name)

    def value(self, node: Node, index: int) -> Value:
        self.require_inputs(node, index + 1)
        return self.values[node.inputs[index]]

    def require_inputs(self, node: Node, least: int, most: int | None = None) -> None:
        """Refuses nodes with fewer than `least` or more than `most` inputs."""
        found = len(node.inputs)
        if found < least or (most is not None and found > most) or "" in node.inputs[:least]:
            supported = str(least) if most in (None, least) else f"{least} to {most}"
            raise node.refuse("inputs", found, supported, "export the node as its operator is specified")

    def fixed(self, node: Node, index: int, field: str) -> FixedValue:
        """Input `index`, which must be a constant."""
        return constant(node, field, self.value(node, index))

    def data(self, node: Node, index: int = 0) -> DataValue:
        """Input `index`, which must come from a quantiser, directly or through other layers."""
        return self.in_order(node, index, self.any_data(node, index))

    def any_data(self, node: Node, index: int = 0) -> DataValue:
        """As `data`; the graph may have its axes in any order."""
        value = self._from_quantiser(node, index)
        if isinstance(value, Codes) and any(value.pads):
            raise node.refuse(
                f"input {node.inputs[index]!r}",
                "a padded map",
                "one without padding",
                "pad before a Conv only",
            )
        return value

    def in_order(self, node: Node, index: int, value: _Laid) -> _Laid:
        """The value itself if the graph has its axes in the network's order."""
        if not value.layout.is_native:
            raise node.refuse(
                f"input {node.inputs[index]!r}",
                f"data in the order {value.layout}",
                f"[N, {', '.join('CHW' if self.map_rank == 4 else 'CW')}]",
                "transpose it back before this node",
            )
        return value

    def _from_quantiser(self, node: Node, index: int) -> DataValue:
        value = self.value(node, index)
        if not isinstance(value, Codes | Sums):
            what, way_out = _OTHERS[type(value)]
            raise node.refuse(f"input {node.inputs[index]!r}", what, "quantised data", way_out)
        return value

    def sums(self, node: Node, index: int = 0) -> Sums:
        return _as_sums(self.data(node, index))

    def any_sums(self, node: Node, index: int = 0) -> Sums:
        """As `sums`; the graph may have their axes in any order."""
        return _as_sums(self.any_data(node, index))

    def codes(self, node: Node, index: int = 0) -> Codes:
        """Input `index`, which must be what a quantiser of one scale wrote."""
        return self.in_order(node, index, self.any_codes(node, index))

    def any_codes(self, node: Node, index: int = 0) -> Codes:
        """As `codes`; the graph may have their axes in any order."""
        codes = self._codes(node, index, self.any_data(node, index))
        if codes.factors is not None:
            raise node.refuse(
                f"input {node.inputs[index]!r}",
                "a scale for each channel",
                "one scale",
                "quantise per tensor, but before a depthwise Conv",
            )
        return codes

    def padded_codes(self, node: Node, index: int = 0) -> Codes:
        """As `codes`, with a scale for each channel, maybe, and with zeros around them still to be added."""
        value = self.in_order(node, index, self._from_quantiser(node, index))
        return self._codes(node, index, value)

    def _codes(self, node: Node, index: int, value: DataValue) -> Codes:
        if not isinstance(value, Codes):
            raise node.refuse(
                f"input {node.inputs[index]!r}",
                "sums that are not quantised",
                "the output of a quantiser",
                "put a Quant or MultiThreshold node before this one",
            )
        return value


def _as_sums(value: DataValue) -> Sums:
    return value.as_sums() if isinstance(value, Codes) else value
