"""Where joined tensors lie: each producer writes its channels behind those of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from twofold.network.errors import NetworkError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Concat, Conv2d, Flatten, Linear, MaxPool2d, Op
from twofold.plan.maps import View
from twofold.plan.memory.banks import BankLayout
from twofold.plan.memory.layout import blocks_of


@dataclass(frozen=True)
class Arrangement:
    """A network with copies of what cannot lie in two places at once, and the view of each tensor that is not
    simply a buffer of its own."""

    network: Network
    views: Mapping[str, View]


def arrange(network: Network, lanes: int, tiles: int) -> Arrangement:
    """Each operand of a Concat begins at a block of its own, one that the banks' bands allow
    (`twofold.plan.memory.banks`); the channels between are gaps, whose weights are 0.

    A tensor that several Concats read lies in one buffer if the shorter ones are parts of the longest; else
    it is copied. So is an operand of an addition that begins in another bank than the other one. Raises
    NetworkError, naming the op, for gaps in the network's output or in one operand of an addition only.
    """
    while True:
        places = _Places(network, lanes, tiles)
        clash = places.clash()
        if clash is None:
            break
        network = _with_copy(network, *clash)
    views = places.views()
    for op in network.ops:
        found = {places.held[name] for name in op.inputs} if isinstance(op, Add) else set()
        if len(found) > 1 or (op.output == network.output_name and places.has_gaps(op.output)):
            raise NetworkError(
                op.name, "inputs", f"joined tensors of multiples of {lanes} channels", "gaps between them"
            )
    return Arrangement(network, MappingProxyType(views))


class _Places:
    """held: of each tensor's channels the place in its map. at: of some tensors the buffer and its block."""

    def __init__(self, network: Network, lanes: int, tiles: int) -> None:
        self.network, self.lanes, self.tiles = network, lanes, tiles
        self.held = {network.input_name: tuple(range(network.input.channels))}
        self.leaves: dict[str, tuple[str, ...]] = {network.input_name: (network.input_name,)}
        self.at: dict[str, tuple[str, int]] = {}
        for op in network.ops:
            self.held[op.output] = self._held(op)
            self.leaves[op.output] = self._leaves(op)

    def has_gaps(self, name: str) -> bool:
        return self.held[name] != tuple(range(len(self.held[name])))

    def clash(self) -> tuple[Op, int] | None:
        """Places the operands of each Concat, the one of most tensors first; the first input of an op that
        would have to be somewhere else."""
        joins = [op for op in self.network.ops if isinstance(op, Concat)]
        repeated = next(filter(None, map(self._repeated, joins)), None)
        if repeated is not None:
            return repeated
        for op in sorted(joins, key=lambda op: len(self.leaves[op.output]), reverse=True):
            wanted = self._wanted(op)
            if self._is_placed(wanted):
                continue
            for index, name in enumerate(op.inputs):
                if not self.at.keys().isdisjoint(self.leaves[name]):
                    return op, index
            self.at |= {leaf: (op.output, block) for leaf, block in wanted}
        return self._other_bank()

    def _repeated(self, op: Concat) -> tuple[Op, int] | None:
        """The first input that has a tensor of the inputs before it."""
        seen: set[str] = set()
        for index, name in enumerate(op.inputs):
            if not seen.isdisjoint(self.leaves[name]):
                return op, index
            seen |= set(self.leaves[name])
        return None

    def views(self) -> dict[str, View]:
        """Of joined tensors, of what is joined, and of what has gaps like them."""
        result = {}
        for name, held in self.held.items():
            buffer, first = self.at.get(self.leaves[name][0], (name, 0))
            if buffer != name or len(self.leaves[name]) > 1 or self.has_gaps(name):
                result[name] = View(buffer, first, held, held[-1] + 1)
        return result

    def _held(self, op: Op) -> tuple[int, ...]:
        if isinstance(op, Conv2d | Linear) or (isinstance(op, Flatten) and not self._is_alias(op)):
            return tuple(range(self.network.result(op).channels))
        if not isinstance(op, Concat):
            return self.held[op.inputs[0]]
        starts = self._starts(op)
        return tuple(
            start * self.lanes + place
            for name, start in zip(op.inputs, starts, strict=True)
            for place in self.held[name]
        )

    def _leaves(self, op: Op) -> tuple[str, ...]:
        """The tensors that this one consists of, itself if it is not joined."""
        if isinstance(op, Flatten) and self._is_alias(op):
            return self.leaves[op.inputs[0]]
        if not isinstance(op, Concat):
            return (op.output,)
        for name in op.inputs:
            if isinstance(self.network.producers.get(name), Flatten) and self.leaves[name] == (name,):
                raise NetworkError(op.name, "inputs", "maps, or vectors of one pixel", f"{name}, flattened")
        return tuple(leaf for name in op.inputs for leaf in self.leaves[name])

    def _is_alias(self, op: Flatten) -> bool:
        return _rows(self.network.operands(op)[0]) == 1 == self.network.operands(op)[0].shape[-1]

    def _starts(self, op: Concat) -> list[int]:
        """Blocks in which the operands begin: multiples of those that lie at the same address."""
        result = self.network.result(op)
        fold = BankLayout(_rows(result), 1, self.tiles).fold
        starts, end = [], 0
        for name in op.inputs:
            starts.append(-(-end // fold) * fold)
            end = starts[-1] + blocks_of(self.held[name][-1] + 1, self.lanes)
        return starts

    def _wanted(self, op: Concat) -> list[tuple[str, int]]:
        """Each leaf with the block, from the first of the op's result on, in which it begins."""
        found = []
        for name, start in zip(op.inputs, self._starts(op), strict=True):
            producer = self.network.producers.get(self._source(name))
            parts = self._wanted(producer) if isinstance(producer, Concat) else [(self._source(name), 0)]
            found += [(leaf, start + block) for leaf, block in parts]
        return found

    def _source(self, name: str) -> str:
        producer = self.network.producers.get(name)
        return self._source(producer.inputs[0]) if isinstance(producer, Flatten) else name

    def _is_placed(self, wanted: list[tuple[str, int]]) -> bool:
        """Whether all lie in a buffer already, as far from each other as they must."""
        buffer, first = self.at.get(wanted[0][0], ("", 0))
        return bool(buffer) and all(
            self.at.get(leaf) == (buffer, first - wanted[0][1] + block) for leaf, block in wanted
        )

    def _other_bank(self) -> tuple[Op, int] | None:
        """Operands of an addition must begin in the same bank."""
        for op in self.network.ops:
            if isinstance(op, Add):
                banks = [self.at.get(self.leaves[name][0], ("", 0))[1] % self.tiles for name in op.inputs]
                if banks[0] != banks[1]:
                    return op, int(banks[0] == 0)
        return None


def _rows(tensor: Tensor) -> int:
    return tensor.shape[1] if len(tensor.shape) == 3 else 1


def _with_copy(network: Network, op: Op, index: int) -> Network:
    """The network in which `op` reads a copy, a maximum of one pixel, as its input `index`."""
    source = network.tensors[op.inputs[index]]
    name = f"{source.name}, input {index} of {op.name}"
    copy = MaxPool2d(name, (source.name,), name, kernel=(1, 1), stride=(1, 1))
    changed = replace(op, inputs=(*op.inputs[:index], name, *op.inputs[index + 1 :]))
    place = network.ops.index(op)
    tensors = {**network.tensors, name: replace(source, name=name)}
    ops = (*network.ops[:place], copy, changed, *network.ops[place + 1 :])
    return replace(network, tensors=tensors, ops=ops)
