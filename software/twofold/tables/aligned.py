"""What pruning saves on the engine when the widths that are left fill its tiles."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from twofold.metrics import bops_ratio, layer_costs, size_ratio, with_bits
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.progress import SILENT, Progress
from twofold.prune.criteria.geometric_median import GeometricMedian
from twofold.prune.remove import kept_filters, remove_filters, widths
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.recipe import Apot
from twofold.tables.compression import BITS, RATIO

#: Widths are rounded up to multiples of these; 1 leaves them as they are.
ALIGNMENTS = (1, 4, 8, 16)
#: Engines of lanes × lanes tiles.
LANES = (8, 16)
_IMAGES = (4, 3, 32, 32)


@dataclass(frozen=True)
class Aligned:
    """align: None if nothing is pruned; cycles: lanes of the engine → predicted cycles a frame."""

    align: int | None
    size_ratio: float
    bops_ratio: float
    cycles: Mapping[int, int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def alignments(network: nn.Module, progress: Progress = SILENT) -> tuple[Aligned, ...]:
    """`network` unpruned, then pruned by RATIO and rounded up to each of ALIGNMENTS, all in 4-bit APoT.

    network: for images [N, 3, 32, 32]. Cycles depend on widths alone, so its weights may be random ones.
    """
    example = torch.rand(_IMAGES, generator=torch.Generator().manual_seed(0))
    with progress.task("prune, export and plan", total=1 + len(ALIGNMENTS)) as advance:
        rows = []
        for align, model in _variants(network, example):
            rows.append(_measured(align, network, model, example))
            advance(1, f"aligned to {align}" if align else "unpruned")
    return tuple(rows)


def _variants(network: nn.Module, example: Tensor) -> Iterator[tuple[int | None, nn.Module]]:
    yield None, network
    for align in ALIGNMENTS:
        keep = {name: kept_filters(width, RATIO, align) for name, width in widths(network).items()}
        yield align, remove_filters(network, example, GeometricMedian(), keep)


def _measured(align: int | None, baseline: nn.Module, model: nn.Module, example: Tensor) -> Aligned:
    whole = layer_costs(baseline, example)
    compressed = with_bits(layer_costs(model, example), BITS, BITS)
    return Aligned(
        align, size_ratio(whole, compressed), bops_ratio(whole, compressed), _cycles(model, example)
    )


def _cycles(model: nn.Module, example: Tensor) -> dict[int, int]:
    frozen = freeze(quantise(model, Apot(BITS, BITS), example), example)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(frozen, example, path)
        network = import_model(path)
    return {lanes: plan(network, propose(network, lanes)).frame_cycles for lanes in LANES}
