"""What a frame stores: which maps, when they are whole, where they go."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from twofold.network.errors import NetworkError
from twofold.network.ops import Concat
from twofold.plan.arrange import Arrangement
from twofold.plan.instructions import Instruction, store
from twofold.plan.maps import Map
from twofold.plan.memory.banks import BankLayout, Transfer
from twofold.plan.memory.layout import blocks_of
from twofold.plan.program import Region
from twofold.plan.stages import Stage
from twofold.rtl.geometry import LANE_BITS, SUM_WORD_BITS, Geometry
from twofold.rtl.isa import Memory


@dataclass(frozen=True)
class Results:
    """regions: of a frame, the network's output first. after: those that are whole after a stage."""

    regions: tuple[Region, ...]
    after: Mapping[int, tuple[Region, ...]]


def results(
    arranged: Arrangement, stages: Sequence[Stage], lanes: int, kept: Collection[str] = ()
) -> Results:
    """The network's output, and the results that are in `kept`. Raises NetworkError for an output that no
    layer computes."""
    name = arranged.network.output_name
    found = {stage.result.name: (place, stage.result) for place, stage in enumerate(stages)}
    if isinstance(arranged.network.producers.get(name), Concat):
        map_ = Map.of(arranged.network.output, arranged.views[name])
        found[name] = (max(i for i, s in enumerate(stages) if s.result.buffer == map_.buffer), map_)
    if name not in found:
        expected = (
            "a tensor that a layer computes (leave the last Flatten out and flatten what comes from the "
            "engine, or end with a fully connected layer)"
        )
        raise NetworkError(arranged.network.name, "output", expected, name)
    stored = [found.pop(name), *(found[other] for other in found if other in kept)]
    sums = {stage.result.name for stage in stages if stage.quantiser is None}
    regions: list[Region] = []
    after: dict[int, tuple[Region, ...]] = {}
    for place, map_ in stored:
        offset = regions[-1].offset + regions[-1].bytes(lanes) if regions else 0
        regions.append(Region(map_, offset, SUM_WORD_BITS if map_.name in sums else LANE_BITS))
        after[place] = (*after.get(place, ()), regions[-1])
    return Results(tuple(regions), after)


def transfers(geometry: Geometry, map_: Map, address: int) -> Iterator[tuple[int, Transfer]]:
    """The parts of a map in activation memory, each with its first byte in DRAM. address: of its buffer."""
    word_bytes = geometry.activation_word_bits // 8
    layout = BankLayout.of(map_, geometry.tiles)
    for transfer in layout.transfers(blocks_of(map_.channels, geometry.lanes), map_.first):
        yield transfer.first * word_bytes, replace(transfer, address=address + transfer.address)


def stores(geometry: Geometry, region: Region, addresses: Mapping[str, int]) -> Iterator[Instruction]:
    map_ = region.map
    if region.item_bits == SUM_WORD_BITS:
        words = blocks_of(map_.channels, geometry.lanes) * map_.pixels
        word_bytes = geometry.sum_word_bits // 8
        for part in Transfer(0, words, 0, 0, 1, words).pieces(1):
            yield store(map_.name, Memory.SUMS, region.offset + part.first * word_bytes, part)
        return
    for first, transfer in transfers(geometry, map_, addresses[map_.buffer]):
        yield store(map_.name, Memory.ACTIVATIONS, region.offset + first, transfer)
