"""What handlers see of the graph while it is walked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.channels import constant
from twofold.qonnx.importer.source import Node
from twofold.qonnx.importer.values import Codes, DataValue, FixedValue, Sums, Value


@dataclass(frozen=True, eq=False)
class Walk:
    """The values of all tensors before the current node. batch: the graph's fixed batch size, if any."""

    builder: Builder
    values: Mapping[str, Value]
    batch: int | None

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
        value = self.value(node, index)
        if not isinstance(value, Codes | Sums):
            raise node.refuse(
                f"input {node.inputs[index]!r}",
                "the graph's float input" if not isinstance(value, FixedValue) else "a constant",
                "quantised data",
                "let the graph's input pass through a Quant node first",
            )
        return value

    def sums(self, node: Node, index: int = 0) -> Sums:
        value = self.data(node, index)
        return value.as_sums() if isinstance(value, Codes) else value

    def codes(self, node: Node, index: int = 0) -> Codes:
        """Input `index`, which must be what a quantiser wrote."""
        value = self.data(node, index)
        if not isinstance(value, Codes):
            raise node.refuse(
                f"input {node.inputs[index]!r}",
                "sums that are not quantised",
                "the output of a quantiser",
                "put a Quant or MultiThreshold node before this one",
            )
        return value
