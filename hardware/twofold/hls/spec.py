"""What a project consists of, before hls4ml sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twofold.hls.layout import Layout
from twofold.hls.options import HlsStrategy
from twofold.hls.reuse import Proposal
from twofold.hls.two_terms import TwoTerms
from twofold.hls.types import HlsType


@dataclass(frozen=True)
class LayerSpec:
    """One hls4ml layer.

    name: a C identifier. kind: hls4ml's class name. types: `result` and, where the kind has them,
    `accum`, `weight`, `bias` and the like; none is left to a default.
    tensor: the network's tensor that the layer writes, or None for a helper such as padding.
    terms: what the weights are codes of, or None if they are integers.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    types: Mapping[str, HlsType]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    strategy: HlsStrategy = HlsStrategy.LATENCY
    reuse_factor: int = 1
    tensor: str | None = None
    terms: TwoTerms | None = None


@dataclass(frozen=True)
class ProjectSpec:
    """All layers in order of execution, the input first, and where each shown tensor lies.

    layouts: tensor name → layout, for every tensor that a layer of its own writes. proposal: where reuse
    factors come from.
    """

    layers: tuple[LayerSpec, ...]
    layouts: Mapping[str, Layout]
    output_layer: str
    proposal: Proposal | None = None

    def layer_of(self, tensor: str) -> LayerSpec:
        return next(layer for layer in self.layers if layer.tensor == tensor)
