"""A model as a table: its layers, and where each of them runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twofold.errors import UserError
from twofold.network.describe import Row, describe, total_macs
from twofold.network.digest import digest
from twofold.network.graph import Network
from twofold.network.ops import Concat, Conv2d, Flatten, Linear, Op, Requantise, Threshold
from twofold.network.types import IntType, width_of
from twofold.plan.arrange import arrange
from twofold.plan.smallest import smallest
from twofold.plan.stages import Stage, stages
from twofold.plan.tiles import tile_weights
from twofold.qonnx.importer.load import Imported
from twofold.rtl.geometry import Geometry
from twofold.rtl.mac.kinds import pe_kinds

ADDRESSES = "engine: addresses only"
LANES = "engine: lanes"
REQUANTISER = "engine: requantiser"
NOWHERE = "no engine"


@dataclass(frozen=True)
class Line:
    """One op. weight_bits: None without weights; where: the engine's part that executes it, or the host.

    bound: the most by which its codes may differ from the executor's on equal inputs, 0 if it is exact.
    """

    row: Row
    weight_bits: int | None
    where: str
    bound: int

    def as_json(self) -> dict[str, Any]:
        row = self.row
        return {
            "name": row.name,
            "kind": row.kind,
            "shape": list(row.shape),
            "type": type_json(row.type),
            "weight_bits": self.weight_bits,
            "macs": row.macs,
            "where": self.where,
            "bound": self.bound,
        }


@dataclass(frozen=True)
class Overview:
    """lines: an op each, in the order of execution. obstacle: why no engine executes the network, or ""."""

    imported: Imported
    lines: tuple[Line, ...]
    obstacle: str

    @property
    def network(self) -> Network:
        return self.imported.network

    def as_json(self) -> dict[str, Any]:
        network = self.network
        return {
            "name": network.name,
            "digest": digest(network),
            "input": {"shape": list(network.input.shape), "type": type_json(network.input.type)},
            "output": {"shape": list(network.output.shape), "type": type_json(network.output.type)},
            "macs": total_macs(network),
            "layers": [line.as_json() for line in self.lines],
            "host": {"before": list(self.imported.reader.work), "after": list(self.imported.host)},
            "errors": dict(self.imported.errors),
            "obstacle": self.obstacle or None,
        }


def type_json(type_: IntType) -> dict[str, Any]:
    return {
        "signed": type_.signed,
        "bits": type_.bits,
        "scale": float(type_.scale),
        "zero_point": type_.zero_point,
    }


def overview(imported: Imported) -> Overview:
    """Every op of a network with the part of the proposed engine that executes it."""
    network = imported.network
    obstacle, arrays = "", dict[str, str]()
    try:
        geometry = smallest(network).geometry
        arranged = arrange(network, geometry.lanes, geometry.tiles)
        arrays = _arrays(stages(arranged.network, arranged.views), geometry)
    except UserError as error:
        obstacle = str(error)
    rows = zip(network.ops, describe(network), strict=True)
    lines = [
        Line(
            row,
            _weight_bits(op),
            NOWHERE if obstacle else _where(op, arrays),
            imported.errors.get(op.name, 0),
        )
        for op, row in rows
    ]
    return Overview(imported, tuple(lines), obstacle)


def _where(op: Op, arrays: Mapping[str, str]) -> str:
    if isinstance(op, Requantise | Threshold):
        return REQUANTISER
    return ADDRESSES if isinstance(op, Flatten | Concat) else arrays.get(op.name, LANES)


def _arrays(parts: tuple[Stage, ...], geometry: Geometry) -> dict[str, str]:
    """Name of a convolution or linear layer → the PE array that multiplies for it."""
    kinds = pe_kinds(geometry)
    products = [(stage, stage.body) for stage in parts if isinstance(stage.body, Conv2d)]
    tiled = {body.name: tile_weights(body, stage.operands[0], kinds) for stage, body in products}
    return {name: f"engine: {geometry.kinds[weights.pe]}" for name, weights in tiled.items()}


def _weight_bits(op: Op) -> int | None:
    if not isinstance(op, Conv2d | Linear):
        return None
    return width_of(int(op.weight.min()), int(op.weight.max()))
