"""From a network to a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twofold.network.digest import digest
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Conv2d
from twofold.network.ranges import sum_bound, value_ranges
from twofold.network.verify import verify
from twofold.plan.cost import BusTiming, CostModel
from twofold.plan.instructions import Instruction, layer, load, marker, store
from twofold.plan.layer_fields import Placement, bands, check_limits, layer_fields
from twofold.plan.memory_map import allocate, lifetimes, words_of
from twofold.plan.parameters import parameter_words
from twofold.plan.program import Program, Region
from twofold.plan.segments import Segment
from twofold.plan.stages import Map, Stage, stages
from twofold.plan.tiles import TiledWeights, tile_weights
from twofold.rtl.geometry import LANE_BITS, SUM_WORD_BITS, Geometry
from twofold.rtl.isa import LANES_PE, Base, Memory, Opcode
from twofold.rtl.mac.kinds import pe_kinds

SIMULATED_MEMORY = BusTiming(read_latency=1, write_latency=1, burst_gap=0)
"""The memory of the test benches, without stalls."""


@dataclass(frozen=True, eq=False)
class PlannedStage:
    """A stage with what it needs in memory."""

    stage: Stage
    weights: TiledWeights | None
    parameters: tuple[int, ...]

    @property
    def pe(self) -> int:
        return LANES_PE if self.weights is None else self.weights.pe + 1

    @property
    def weight_words(self) -> tuple[int, ...]:
        return () if self.weights is None else self.weights.words


def plan(
    network: Network, geometry: Geometry, bus: BusTiming = SIMULATED_MEMORY, *, traced: bool = False
) -> Program:
    """A program for `network` on an engine of `geometry`.

    traced: each frame also stores every layer's result, so that a run can be compared layer by layer.
    Raises NetworkError or UserError, naming the layer, for what does not fit.
    """
    cost = CostModel(geometry, bus)
    planned = tuple(_planned(stage, geometry) for stage in stages(verify(network)))
    _check_accumulators(network, planned, geometry)
    weights = Segment(
        Memory.WEIGHTS,
        tuple(part.weight_words for part in planned),
        geometry.weight_word_bits // 8,
        0,
        geometry.weight_words,
    )
    parameters = Segment(
        Memory.PARAMETERS,
        tuple(part.parameters for part in planned),
        geometry.parameter_word_bits // 8,
        len(weights.data),
        geometry.parameter_words,
    )
    outputs = _outputs(network, planned, geometry.lanes, traced)
    setup = (*weights.setup(cost), *parameters.setup(cost), marker(cost, Opcode.FRAME))
    frame = tuple(_frame(planned, cost, weights, parameters, outputs))
    if len(setup) + len(frame) > geometry.instructions:
        raise NetworkError(
            network.name, "instructions", f"at most {geometry.instructions}", len(setup) + len(frame)
        )
    return Program(
        name=network.name,
        network_digest=digest(network),
        geometry=geometry,
        instructions=(*setup, *frame),
        image=weights.data + parameters.data,
        input=Region(planned[0].stage.operands[0], 0, LANE_BITS),
        input_scale=float(network.input.type.scale),
        outputs=outputs,
        output_scale=float(network.output.type.scale),
        setup_cycles=cost.program(len(setup) + len(frame)) + sum(step.cycles for step in setup),
        frame_cycles=sum(step.cycles for step in frame),
    )


def _planned(stage: Stage, geometry: Geometry) -> PlannedStage:
    check_limits(stage, geometry.lanes)
    correction = np.zeros(stage.sums.channels, np.int64)
    weights = None
    if isinstance(stage.body, Conv2d):
        weights = tile_weights(stage.body, stage.operands[0], pe_kinds(geometry))
        correction = weights.correction
    return PlannedStage(stage, weights, parameter_words(stage, geometry, correction))


def _check_accumulators(network: Network, planned: Sequence[PlannedStage], geometry: Geometry) -> None:
    """No partial sum, in any order and with the encoding's corrections, may leave the accumulator."""
    limit = 1 << (geometry.accumulator_bits - 1)
    ranges = value_ranges(network)
    for part in planned:
        body = part.stage.body
        bound = max(map(abs, ranges[part.stage.sums.name].bounds))
        if isinstance(body, Conv2d):
            source = network.tensors[part.stage.operands[0].name]
            bound = sum_bound(body, source, ranges[source.name]) + (part.weights.slack if part.weights else 0)
        if bound >= limit:
            raise NetworkError(body.name, "accumulator", f"sums of {geometry.accumulator_bits} bits", bound)


def _outputs(
    network: Network, planned: Sequence[PlannedStage], lanes: int, traced: bool
) -> tuple[Region, ...]:
    """Where a frame's results lie: the network's output, then every other stage's result if traced."""
    results = {part.stage.result.name: part.stage for part in planned}
    if network.output_name not in results:
        raise NetworkError(network.name, "output", "a tensor that a layer computes", network.output_name)
    output = results.pop(network.output_name)
    stored = [output, *(results.values() if traced else ())]
    regions: list[Region] = []
    for stage in stored:
        offset = regions[-1].offset + regions[-1].bytes(lanes) if regions else 0
        regions.append(Region(stage.result, offset, SUM_WORD_BITS if stage.quantiser is None else LANE_BITS))
    return tuple(regions)


def _frame(
    planned: Sequence[PlannedStage],
    cost: CostModel,
    weights: Segment,
    parameters: Segment,
    outputs: Sequence[Region],
) -> Iterator[Instruction]:
    geometry = cost.geometry
    addresses = allocate(
        lifetimes([part.stage for part in planned], geometry.lanes), geometry.activation_words
    )
    source = planned[0].stage.operands[0]
    words = words_of(source, geometry.lanes)
    yield load(cost, "input", Memory.ACTIVATIONS, Base.INPUT, 0, words, addresses[source.name])
    regions = {region.map.name: region for region in outputs}
    for index, part in enumerate(planned):
        yield from weights.before(index, part.stage.name, cost)
        yield from parameters.before(index, part.stage.name, cost)
        place = _placement(part.stage, addresses, weights.address(index), parameters.address(index))
        for band in bands(part.stage, geometry):
            fields = layer_fields(part.stage, geometry.lanes, part.pe, place, band)
            yield layer(cost, part.stage.name, fields)
        if part.stage.result.name in regions:
            yield _store(cost, regions[part.stage.result.name], addresses)
    yield marker(cost, Opcode.END)


def _placement(stage: Stage, addresses: Mapping[str, int], weights: int, parameters: int) -> Placement:
    operands = tuple(addresses[operand.name] for operand in stage.operands)
    return Placement(operands, addresses.get(stage.result.name, 0), weights, parameters)


def _store(cost: CostModel, region: Region, addresses: Mapping[str, int]) -> Instruction:
    words = words_of(region.map, cost.geometry.lanes)
    if region.item_bits == SUM_WORD_BITS:
        return store(cost, region.map.name, Memory.SUMS, region.offset, words, 0)
    return store(cost, region.map.name, Memory.ACTIVATIONS, region.offset, words, addresses[region.map.name])


def result_maps(network: Network) -> tuple[Map, ...]:
    """Every map that an engine computes, in order of execution."""
    return tuple(stage.result for stage in stages(network))
