"""What a report says: the typed content of `report.json`, schema 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from twofold.golden.compare import Check, Status
from twofold.report.node import Node

SCHEMA = 1


@dataclass(frozen=True)
class Accuracy:
    """Top-1 on the test split in percent; None if there is no such stage."""

    float32: float | None
    pruned: float | None
    quantised: float | None

    @classmethod
    def parse(cls, node: Node) -> Accuracy:
        pruned = node.get("pruned")
        return cls(
            node["float"].maybe_percentage(),
            pruned.maybe_percentage() if pruned else None,
            node["quantised"].maybe_percentage(),
        )


@dataclass(frozen=True)
class Cycles:
    """Clock cycles, start to done; None if not known."""

    predicted: int | None
    simulated: int | None

    @classmethod
    def parse(cls, node: Node) -> Cycles:
        return cls(node["predicted"].maybe_count(), node["simulated"].maybe_count())

    @property
    def error(self) -> float | None:
        """How far the prediction is off, as a signed share of the simulated cycles."""
        if self.predicted is None or not self.simulated:
            return None
        return self.predicted / self.simulated - 1

    @property
    def best_known(self) -> int | None:
        return self.predicted if self.simulated is None else self.simulated


@dataclass(frozen=True)
class Resources:
    """Primitives used by a design, or present in a device; half a bram36 is one RAMB18."""

    lut: float
    lutram: float
    ff: float
    dsp: float
    bram36: float

    @classmethod
    def parse(cls, node: Node) -> Resources:
        return cls(*(node[field.name].number() for field in fields(cls)))

    def shares(self, device: Resources) -> dict[str, float | None]:
        """Kind → share of the device's; None where the device has none. LUTs used as memory are LUTs too."""
        used = {field.name: getattr(self, field.name) for field in fields(self)}
        used["lut"] += used["lutram"]
        available = {kind: getattr(device, kind) for kind in used}
        return {kind: used[kind] / available[kind] if available[kind] else None for kind in used}


@dataclass(frozen=True)
class Device:
    name: str
    resources: Resources

    @classmethod
    def parse(cls, node: Node) -> Device:
        return cls(node["name"].text(), Resources.parse(node))


@dataclass(frozen=True)
class Layer:
    """utilisation: MACs done as a share of what the layer's PEs could do in its cycles."""

    name: str
    kind: str
    pe: str
    macs: int
    cycles: Cycles
    utilisation: float | None

    @classmethod
    def parse(cls, node: Node) -> Layer:
        return cls(
            node["name"].text(),
            node["kind"].text(),
            node["pe"].text(),
            node["macs"].count(),
            Cycles.parse(node),
            node["utilisation"].maybe_fraction(),
        )


Histogram = Mapping[int, int]


def _histogram(node: Node) -> Histogram:
    """Weight code → how many weights have it, in ascending order of the codes."""
    bins = {}
    for code, count in node.fields():
        if not code.lstrip("-").isdigit():
            node.refuse("integer codes as fields", repr(code))
        bins[int(code)] = count.count()
    return dict(sorted(bins.items()))


@dataclass(frozen=True)
class Model:
    """One compressed network and the hardware that runs it.

    size_ratio, bops_ratio: how many times smaller than float32. confusion: rows of true classes,
    columns of predicted ones; empty if not counted. resources, device, fits: None if not synthesised.
    """

    name: str
    accuracy: Accuracy
    size_ratio: float | None
    bops_ratio: float | None
    macs: int
    cycles_per_frame: Cycles
    resources: Resources | None
    device: Device | None
    fits: bool | None
    layers: tuple[Layer, ...]
    weight_histogram: Mapping[str, Histogram]
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def parse(cls, name: str, node: Node) -> Model:
        resources, device, fits = node.get("resources"), node.get("device"), node.get("fits")
        return cls(
            name,
            Accuracy.parse(node["accuracy"]),
            node["size_ratio"].maybe_number(),
            node["bops_ratio"].maybe_number(),
            node["macs"].count(),
            Cycles.parse(node["cycles_per_frame"]),
            Resources.parse(resources) if resources else None,
            Device.parse(device) if device else None,
            fits.flag() if fits else None,
            tuple(Layer.parse(layer) for layer in node["layers"].elements()),
            {layer: _histogram(bins) for layer, bins in node["weight_histogram"].fields()},
            _confusion(node.get("confusion")),
        )


def _confusion(node: Node | None) -> tuple[tuple[int, ...], ...]:
    if node is None:
        return ()
    rows = tuple(tuple(cell.count() for cell in row.elements()) for row in node.elements())
    widths = sorted({len(row) for row in rows})
    if widths != [len(rows)]:
        node.refuse("a square matrix", f"{len(rows)} rows of {widths} columns")
    return rows


def _check(node: Node) -> Check:
    status = node["status"].text()
    if status not in set(Status):
        node["status"].refuse(" or ".join(repr(str(known)) for known in Status))
    detail = node.get("detail")
    return Check(
        model=node["model"].text(),
        reference=node["reference"].text(),
        candidate=node["candidate"].text(),
        status=Status(status),
        frames=node["frames"].count(),
        elements=node["elements"].count(),
        mismatches=node["mismatches"].count(),
        detail=detail.text() if detail else "",
    )


@dataclass(frozen=True)
class Provenance:
    """Where the figures come from.

    samples: split → how many; versions: package → version; not_run: what nobody has tried, one
    sentence each.
    """

    commit: str
    seed: int
    command: str
    samples: Mapping[str, int]
    versions: Mapping[str, str]
    not_run: tuple[str, ...]

    @classmethod
    def parse(cls, node: Node) -> Provenance:
        return cls(
            node["commit"].text(),
            node["seed"].count(),
            node["command"].text(),
            {split: count.count() for split, count in node["samples"].fields()},
            {package: version.text() for package, version in node["versions"].fields()},
            tuple(reason.text() for reason in node["not_run"].elements()),
        )


@dataclass(frozen=True)
class Report:
    provenance: Provenance
    models: tuple[Model, ...]
    checks: tuple[Check, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Report:
        """Raises `UserError`, naming the path, on anything that schema 1 does not say."""
        root = Node(dict(document))
        if root["schema"].value != SCHEMA:
            root["schema"].refuse(f"{SCHEMA}, the schema that this version reads")
        models = tuple(Model.parse(name, node) for name, node in root["models"].fields())
        if not models:
            root["models"].refuse("at least one model")
        return cls(
            Provenance.parse(root["provenance"]),
            models,
            tuple(_check(node) for node in root["checks"].elements()),
        )
