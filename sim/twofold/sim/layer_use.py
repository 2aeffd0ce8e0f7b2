"""What became of an engine's MACs, layer by layer: work, and what was lost to which cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Linear
from twofold.plan.arrange import arrange
from twofold.plan.instructions import Instruction
from twofold.plan.memory.layout import blocks_of
from twofold.plan.program import Program
from twofold.plan.stages import Stage, stages
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LANES_PE, Opcode
from twofold.rtl.layer_timing import LayerTiming

CAUSES = ("widths", "kinds", "tiles", "intervals", "latency")
"""Of waste."""


@dataclass(frozen=True)
class LayerUse:
    """A layer of a frame. Its cycles times the MACs that can be done in one are `slots`, which went to:

    macs: the network's. widths: lanes without a channel, of another group, or beyond a kind's inputs.
    kinds: arrays of the kind that could compute beside another one. tiles: tiles without a block or rows.
    intervals: sweeps of fewer pixels than a tile of weights takes to come. latency: fetch, pipeline, waiting.
    A layer without weights does none of these; all its slots are `latency`.
    """

    name: str
    kind: str
    pe: str
    predicted: int
    simulated: int
    slots: int
    macs: int
    widths: int
    kinds: int
    tiles: int
    intervals: int

    @property
    def latency(self) -> int:
        return self.slots - self.macs - sum(getattr(self, cause) for cause in CAUSES[:-1])

    @property
    def utilisation(self) -> float:
        return self.macs / self.slots

    @property
    def waste(self) -> Mapping[str, float]:
        """Share of the layer's slots by cause."""
        return {cause: getattr(self, cause) / self.slots for cause in CAUSES}


@dataclass(frozen=True)
class _Step:
    instruction: Instruction
    cycles: int


def layer_uses(network: Network, program: Program, instruction_cycles: Sequence[int]) -> list[LayerUse]:
    """The layers of a frame in order of execution. instruction_cycles: as the hardware counted them."""
    steps = [
        _Step(instruction, cycles)
        for instruction, cycles in zip(program.instructions, instruction_cycles, strict=True)
        if instruction.opcode is Opcode.LAYER
    ]
    arranged = arrange(network, program.geometry.lanes, program.geometry.tiles)
    by_name = {stage.name: stage for stage in stages(arranged.network, arranged.views)}
    weights = {op.name: op.weight.size for op in network.ops if isinstance(op, Conv2d | Linear)}
    groups = groupby(steps, key=lambda step: step.instruction.label)
    return [_use(by_name[label], weights, program.geometry, list(group)) for label, group in groups]


def slots_per_cycle(geometry: Geometry) -> int:
    """MACs that can be done in a cycle, by one kind or by one and the kind beside."""
    return _slots_of_kind(geometry) * (2 if geometry.beside else 1)


def _slots_of_kind(geometry: Geometry) -> int:
    return geometry.tiles * geometry.lanes**2


def _use(stage: Stage, weights: Mapping[str, int], geometry: Geometry, steps: Sequence[_Step]) -> LayerUse:
    simulated = sum(step.cycles for step in steps)
    slots = simulated * slots_per_cycle(geometry)
    macs = padded = kinds = swept = held = 0
    if isinstance(stage.body, Conv2d):
        macs = weights[stage.body.name] * stage.sums.pixels
        padded = _padded(stage, geometry.lanes, steps)
        swept, held = map(sum, zip(*_sweeps(geometry, steps), strict=True))
        alone = sum(step.cycles for step in steps if not step.instruction.fields["paired"])
        kinds = alone * (slots_per_cycle(geometry) - _slots_of_kind(geometry))
    return LayerUse(
        name=stage.name,
        kind=stage.body.kind,
        pe=kinds_of(steps[0].instruction.fields, geometry),
        predicted=sum(step.instruction.cycles for step in steps),
        simulated=simulated,
        slots=slots,
        macs=macs,
        widths=padded - macs,
        kinds=kinds,
        tiles=swept - padded,
        intervals=held - swept,
    )


def kinds_of(layer: Mapping[str, int], geometry: Geometry) -> str:
    """The kinds that compute a LAYER, in words."""
    if layer["pe"] == LANES_PE:
        return "lanes"
    own = str(geometry.kinds[layer["pe"] - 1])
    return f"{own} + {geometry.beside}" if layer["paired"] else own


def _padded(stage: Stage, lanes: int, steps: Sequence[_Step]) -> int:
    """MACs of the layer with its channels rounded up to whole blocks."""
    fields = steps[0].instruction.fields
    sweeps = fields["in_blocks"] * fields["taps_y"] * fields["taps_x"] * fields["parts"]
    return sweeps * lanes**2 * blocks_of(stage.sums.channels, lanes) * stage.sums.pixels


def _sweeps(geometry: Geometry, steps: Sequence[_Step]) -> Iterator[tuple[int, int]]:
    """Of each instruction the slots of its sweeps, without and with the waiting for the next weights."""
    timing = LayerTiming.of(geometry)
    for step in steps:
        fields = step.instruction.fields
        pixels = fields["out_height"] * fields["out_width"]
        groups = fields["out_groups"] * fields["in_blocks"]
        slots = groups * fields["taps_y"] * fields["taps_x"] * fields["parts"] * _slots_of_kind(geometry)
        yield slots * pixels, slots * max(pixels, timing.interval(fields))
