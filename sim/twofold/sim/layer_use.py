"""What became of an engine's MACs, layer by layer: work, and what was lost to which cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Linear
from twofold.plan.arrange import arrange
from twofold.plan.instructions import Instruction
from twofold.plan.layout import blocks_of
from twofold.plan.program import Program
from twofold.plan.stages import Stage, stages
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import LANES_PE, Opcode
from twofold.rtl.layer_timing import LayerTiming


@dataclass(frozen=True)
class LayerUse:
    """A layer of a frame. Its cycles times the MACs that an array can do in one are `slots`, which went to:

    macs: the network's. widths: lanes without a channel, of another group, or beyond a kind's inputs.
    tiles: tiles without a block or rows. intervals: sweeps of fewer pixels than a tile of weights takes to
    come. latency: fetch, pipeline, waiting.
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
    tiles: int
    intervals: int

    @property
    def latency(self) -> int:
        return self.slots - self.macs - self.widths - self.tiles - self.intervals

    @property
    def utilisation(self) -> float:
        return self.macs / self.slots

    @property
    def waste(self) -> Mapping[str, float]:
        """Share of the layer's slots by cause."""
        causes = ("widths", "tiles", "intervals", "latency")
        return {cause: getattr(self, cause) / self.slots for cause in causes}


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
    """MACs that the arrays of one kind can do in a cycle."""
    return geometry.tiles * geometry.lanes**2


def _use(stage: Stage, weights: Mapping[str, int], geometry: Geometry, steps: Sequence[_Step]) -> LayerUse:
    pe = steps[0].instruction.fields["pe"]
    simulated = sum(step.cycles for step in steps)
    slots = simulated * slots_per_cycle(geometry)
    macs = padded = swept = held = 0
    if isinstance(stage.body, Conv2d):
        macs = weights[stage.body.name] * stage.sums.pixels
        padded = _padded(stage, geometry.lanes, steps)
        swept, held = map(sum, zip(*_sweeps(geometry, steps), strict=True))
    return LayerUse(
        name=stage.name,
        kind=stage.body.kind,
        pe="lanes" if pe == LANES_PE else str(geometry.kinds[pe - 1]),
        predicted=sum(step.instruction.cycles for step in steps),
        simulated=simulated,
        slots=slots,
        macs=macs,
        widths=padded - macs,
        tiles=swept - padded,
        intervals=held - swept,
    )


def _padded(stage: Stage, lanes: int, steps: Sequence[_Step]) -> int:
    """MACs of the layer with its channels rounded up to whole blocks."""
    fields = steps[0].instruction.fields
    sweeps = fields["in_blocks"] * fields["taps_y"] * fields["taps_x"] * fields["parts"]
    return sweeps * lanes**2 * blocks_of(stage.sums.channels, lanes) * stage.sums.pixels


def _sweeps(geometry: Geometry, steps: Sequence[_Step]) -> Iterator[tuple[int, int]]:
    """Of each instruction the slots of its sweeps, without and with the waiting for the next weights."""
    intervals = LayerTiming.of(geometry).intervals
    for step in steps:
        fields = step.instruction.fields
        pixels = fields["out_height"] * fields["out_width"]
        groups = fields["out_groups"] * fields["in_blocks"]
        sweeps = groups * fields["taps_y"] * fields["taps_x"] * fields["parts"]
        longest = max(pixels, intervals[fields["pe"]])
        yield sweeps * pixels * slots_per_cycle(geometry), sweeps * longest * slots_per_cycle(geometry)
