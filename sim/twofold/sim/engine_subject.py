"""What the bench of engines measures: a network, its precision, and the engine that it runs on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from twofold.errors import UserError
from twofold.models.resnet import Widths
from twofold.network.graph import Network
from twofold.plan.area.capacity import excess
from twofold.plan.propose import LUT_DA_WEIGHTS, propose
from twofold.plan.schedule import plan
from twofold.qonnx.importer.load import import_model
from twofold.qonnx.untrained import export_untrained
from twofold.quant.recipe import ApotWeights, Int, Recipe
from twofold.rtl.geometry import Geometry, PeName
from twofold.synth.devices import ZYNQ_7020, Device

MODELS = Path("build/bench/models")
KINDS = (PeName.LUT_DA, PeName.INT8_DSP)
"""Weights of up to five bits in LUT memories, others in DSP blocks."""

INT8_WEIGHTS = (-128, 127)


class Precision(StrEnum):
    """First and last layer INT8 and the rest 4-bit, APoT weights; all INT8; a file's own."""

    FOUR_BIT = "4-bit"
    INT8 = "int8"
    OWN = "as exported"


_RECIPES: dict[Precision, Recipe] = {
    Precision.FOUR_BIT: ApotWeights(4, 4, residual_bits=4),
    Precision.INT8: Int(8),
}


@dataclass(frozen=True)
class EngineChoice:
    """lanes: Tin = Tout of a tile. kinds: of PE arrays, in the order of preference. device: what DSP blocks
    and block RAMs are taken from. beside: the kind that may compute half of a layer's blocks, if any."""

    tiles: int
    lanes: int
    kinds: tuple[PeName, ...] = KINDS
    device: Device = ZYNQ_7020
    beside: PeName | None = None

    @property
    def label(self) -> str:
        """Sizes, and what is not as usual."""
        kinds = () if self.kinds == KINDS else ("+".join(self.kinds),)
        device = () if self.device == ZYNQ_7020 else (self.device.name,)
        beside = (f"with {self.beside} beside",) if self.beside else ()
        return " ".join((f"{self.tiles}x{self.lanes}", *kinds, *device, *beside))


@dataclass(frozen=True)
class Subject:
    """network: a name, for random weights drawn with `seed`, or a QONNX file.

    widths: of the stacks of a ResNet by name, as pruning leaves them; None: as published.
    """

    network: str
    precision: Precision
    engine: EngineChoice
    seed: int = 0
    widths: Widths | None = None

    @property
    def label(self) -> str:
        return f"{self.name} {self.precision} {self.engine.label}"

    @property
    def name(self) -> str:
        """Of the network, with its widths where they are not the published ones."""
        name = Path(self.network).stem
        return name if self.widths is None else "-".join(map(str, (name, *self.widths)))

    def load(self) -> Network:
        """Raises UserError for a name or file that is not there."""
        if self.precision is Precision.OWN:
            return import_model(Path(self.network))
        recipe = _RECIPES[self.precision]
        key = hashlib.sha256(f"{recipe} {self.seed} {self.widths}".encode()).hexdigest()[:8]
        path = MODELS / f"{self.name}-{key}.onnx"
        if not path.is_file():
            export_untrained(self.network, recipe, path, seed=self.seed, widths=self.widths)
        return import_model(path)

    def geometry(self, network: Network) -> Geometry:
        """For the device: with weights of eight bits in tables, too, if DSP blocks alone do not fit, or take
        a tenth more cycles."""
        engine = self.engine
        lean, wide = (
            propose(
                network,
                engine.lanes,
                engine.kinds,
                tiles=engine.tiles,
                device=engine.device,
                table_weights=weights,
                beside=engine.beside,
            )
            for weights in (LUT_DA_WEIGHTS, INT8_WEIGHTS)
        )
        if lean == wide or excess(wide, engine.device):
            return lean
        slower = plan(network, lean).frame_cycles > 1.1 * plan(network, wide).frame_cycles
        return wide if slower or excess(lean, engine.device) else lean


def subjects(
    networks: list[str],
    precisions: list[Precision],
    engines: Sequence[EngineChoice],
    seed: int,
    widths: Widths | None = None,
) -> list[Subject]:
    """Every combination; a file has the precision and the widths that it was exported with."""
    found = []
    for network in networks:
        is_file = network.endswith(".onnx")
        if is_file and not Path(network).is_file():
            raise UserError(f"network: expected a name or a QONNX file, found no file {network}")
        if is_file and widths is not None:
            raise UserError(f"widths: expected a ResNet by name, got {network}, which has widths of its own")
        for precision in [Precision.OWN] if is_file else precisions:
            found += [Subject(network, precision, engine, seed, widths) for engine in engines]
    return found
