"""From a network to a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twofold.network.digest import digest
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Conv2d, Threshold
from twofold.network.verify import verify
from twofold.plan.accumulators import accumulator_width, sum_limits
from twofold.plan.arrange import arrange
from twofold.plan.columns import with_columns
from twofold.plan.fastest import fastest
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.instructions import Instruction, layer, load, marker
from twofold.plan.layer_fields import Placement, check_limits, layer_fields
from twofold.plan.maps import Map
from twofold.plan.memory.memory_map import allocate, earliest_prefetch, lifetimes
from twofold.plan.memory.parameters import parameter_words, words_per_block
from twofold.plan.memory.segments import Part, Segment
from twofold.plan.pairing import kind_beside
from twofold.plan.program import Program, Region
from twofold.plan.results import Results, results, stores, transfers
from twofold.plan.split import Split, works
from twofold.plan.stages import Stage, stages
from twofold.plan.threshold_form import executed
from twofold.plan.tiles import PairedWeights, TiledWeights, encoded, tile_weights
from twofold.plan.timing.cost import BusTiming, CostModel
from twofold.plan.timing.early_start import with_early_starts
from twofold.plan.timing.prefetch import with_prefetches
from twofold.plan.timing.timeline import RunTiming
from twofold.rtl.geometry import LANE_BITS, Geometry
from twofold.rtl.isa import LANES_PE, Base, Memory, Opcode
from twofold.rtl.mac.kinds import pe_kinds

SIMULATED_MEMORY = BusTiming(read_latency=1, write_latency=1, burst_gap=0)
"""The memory of the test benches, without stalls."""


@dataclass(frozen=True, eq=False)
class PlannedStage:
    """A stage with its split, and what it needs in memory."""

    stage: Stage
    split: Split
    inputs: InputBlocks
    weights: TiledWeights | PairedWeights | None
    parameters: tuple[int, ...]

    @property
    def pe(self) -> int:
        return LANES_PE if self.weights is None else self.weights.pe + 1

    def weight_parts(self, banks: int) -> tuple[Part, ...]:
        """Words for `banks` banks; tiles at the same place in their groups need the same."""
        if self.weights is None:
            return ()
        blocks, step = self.split.blocks, min(self.split.width, banks)
        return tuple(
            Part(self.weights.words(place, blocks, self.inputs), place, step) for place in range(blocks)
        )

    @property
    def group_weights(self) -> int:
        """Words of each group of output blocks in a bank."""
        return self.weights.block_words * self.inputs.count // self.inputs.total if self.weights else 0


def plan(
    network: Network, geometry: Geometry, bus: BusTiming = SIMULATED_MEMORY, *, traced: bool = False
) -> Program:
    """A program for `network` on an engine of `geometry`.

    traced: each frame also stores every layer's result, so that a run can be compared layer by layer.
    Raises NetworkError or UserError, naming the layer, for what does not fit.
    """
    cost = CostModel(geometry, bus)
    arranged = arrange(verify(network), geometry.lanes, geometry.tiles)
    found = stages(arranged.network, arranged.views)
    whole = tuple(executed(stage, geometry) for stage in found)
    parts, columns = with_columns(whole, geometry)
    planned = tuple(_planned(stage, cost) for stage in parts)
    _check_accumulators(arranged.network, whole, planned, geometry)
    weights, parameters = _segments(planned, geometry)
    kept = network.tensors if traced else ()
    stored = results(arranged, [part.stage for part in planned], geometry.lanes, kept)
    first, addresses = _addresses(planned, geometry)
    source = planned[0].stage.operands[0]
    inputs = tuple(_input(geometry, source, addresses[source.buffer]))
    setup = (*weights.setup(), *parameters.setup(), *inputs, marker(Opcode.FRAME))
    frame = tuple(_frame(planned, geometry, addresses, weights, parameters, stored))
    frame = with_prefetches(with_early_starts(frame, cost), inputs, _names(planned[first:]), cost)
    if len(setup) + len(frame) > geometry.instructions:
        raise NetworkError(
            network.name, "instructions", f"at most {geometry.instructions}", len(setup) + len(frame)
        )
    timing = RunTiming.of(setup, frame, cost)
    return Program(
        name=network.name,
        network_digest=digest(network),
        geometry=geometry,
        instructions=timing.instructions,
        image=weights.data + parameters.data,
        input=Region(whole[0].operands[0], 0, LANE_BITS),
        columns=columns,
        input_scale=float(network.input.type.scale),
        outputs=stored.regions,
        output_scale=float(network.output.type.scale),
        setup_cycles=timing.setup,
        frame_cycles=timing.frame,
        last_frame_cycles=timing.last_frame,
    )


def _segments(planned: Sequence[PlannedStage], geometry: Geometry) -> tuple[Segment, Segment]:
    """Weights and parameters of all stages, one behind the other in the program's image."""
    weights = Segment(
        Memory.WEIGHTS,
        tuple(part.weight_parts(geometry.weight_banks) for part in planned),
        geometry.weight_word_bits // 8,
        0,
        geometry.weight_words,
    )
    parameters = Segment(
        Memory.PARAMETERS,
        tuple((Part(part.parameters),) for part in planned),
        geometry.parameter_word_bits // 8,
        len(weights.data),
        geometry.parameter_words,
    )
    return weights, parameters


def _planned(stage: Stage, cost: CostModel) -> PlannedStage:
    geometry = cost.geometry
    check_limits(stage, geometry)
    if isinstance(stage.body, Conv2d):
        split, weights = _with_weights(stage, stage.body, cost)
        correction = weights.correction
    else:
        split, weights = fastest(stage, LANES_PE, cost), None
        correction = np.zeros(stage.sums.channels, np.int64)
    inputs = InputBlocks.of(stage, split.blocks, geometry)
    return PlannedStage(
        stage, split, inputs, weights, parameter_words(stage, geometry, correction, split.blocks)
    )


def _with_weights(stage: Stage, body: Conv2d, cost: CostModel) -> tuple[Split, TiledWeights | PairedWeights]:
    geometry, operand = cost.geometry, stage.operands[0]
    weights = tile_weights(body, operand, pe_kinds(geometry))
    beside = kind_beside(stage, geometry)
    if beside is None:
        return fastest(stage, weights.pe + 1, cost, weights.block_words), weights
    others = encoded(body, operand, beside, pe_kinds(geometry).index(beside))
    paired_words = (weights.block_words + others.block_words) // 2
    split = fastest(stage, weights.pe + 1, cost, weights.block_words, paired_words)
    return split, PairedWeights(weights, others, split.blocks, geometry.lanes) if split.paired else weights


def _check_accumulators(
    network: Network, stages_: Sequence[Stage], planned: Sequence[PlannedStage], geometry: Geometry
) -> None:
    """No partial sum, in any order and with the encoding's corrections, may leave the accumulator."""
    slacks = [part.weights.slack if part.weights else 0 for part in planned]
    for stage, limit in zip(stages_, sum_limits(network, stages_, slacks), strict=True):
        bits = geometry.tile_bits(full=not isinstance(stage.quantiser, Threshold))
        if accumulator_width(limit) > bits:
            expected = f"sums of {bits} bits"
            raise NetworkError(stage.body.name, "accumulator", expected, limit)


def _addresses(planned: Sequence[PlannedStage], geometry: Geometry) -> tuple[int, Mapping[str, int]]:
    """The stage from which on the next frame's input comes in, and where all maps are."""
    stages_, lanes, tiles = [part.stage for part in planned], geometry.lanes, geometry.tiles
    first = earliest_prefetch(stages_, lanes, tiles, geometry.activation_words)
    return first, allocate(lifetimes(stages_, lanes, tiles, first), geometry.activation_words)


def _frame(
    planned: Sequence[PlannedStage],
    geometry: Geometry,
    addresses: Mapping[str, int],
    weights: Segment,
    parameters: Segment,
    stored: Results,
) -> Iterator[Instruction]:
    for index, part in enumerate(planned):
        yield from weights.before(index, part.stage.name)
        yield from parameters.before(index, part.stage.name)
        place = _placement(part, addresses, weights.address(index), parameters.address(index))
        for work in works(part.stage, part.split, geometry):
            fields = layer_fields(part.stage, geometry, part.pe, place, work)
            yield layer(part.stage.name, fields)
        for region in stored.after.get(index, ()):
            yield from stores(geometry, region, addresses)
    yield marker(Opcode.END)


def _names(planned: Iterable[PlannedStage]) -> frozenset[str]:
    return frozenset(part.stage.name for part in planned)


def _placement(part: PlannedStage, addresses: Mapping[str, int], weights: int, parameters: int) -> Placement:
    return Placement(
        operands=tuple(addresses[operand.buffer] for operand in part.stage.operands),
        result=addresses.get(part.stage.result.buffer, 0),
        weights=weights,
        parameters=parameters,
        group_weights=part.group_weights,
        group_parameters=part.split.blocks * (1 + words_per_block(part.stage)),
    )


def _input(geometry: Geometry, map_: Map, address: int) -> Iterator[Instruction]:
    for first, transfer in transfers(geometry, map_, address):
        yield load("input", Memory.ACTIVATIONS, Base.INPUT, first, transfer)


def result_maps(network: Network) -> tuple[Map, ...]:
    """Every map of the network that an engine computes, in order of execution."""
    arranged = arrange(network, lanes=1, tiles=1)
    found = (stage.result for stage in stages(arranged.network, arranged.views))
    return tuple(map_ for map_ in found if map_.name in network.tensors)
