"""The blocks of input channels that a group of output blocks reads: those whose weights are not all 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twofold.network.ops import Conv2d
from twofold.plan.memory.banks import BankLayout
from twofold.plan.memory.layout import blocks_of
from twofold.plan.stages import Stage
from twofold.rtl.geometry import Geometry


@dataclass(frozen=True)
class InputBlocks:
    """`count` blocks from `firsts[group]` on, for each group of output blocks. total: those of the map.

    A range may end behind the map, where weights are 0. It begins at a multiple of the blocks that have the
    same address (`twofold.plan.memory.banks`). Sums that stay are one instruction, whose groups all read all
    blocks.
    """

    count: int
    firsts: tuple[int, ...]
    total: int

    @property
    def is_all(self) -> bool:
        return self.count >= self.total

    @classmethod
    def of(cls, stage: Stage, group_blocks: int, geometry: Geometry) -> InputBlocks:
        """group_blocks: output blocks of a group. Without weights a group reads its own, of each operand."""
        groups = -(-blocks_of(stage.sums.channels, geometry.lanes) // group_blocks)
        if not isinstance(stage.body, Conv2d):
            own = tuple(range(0, groups * group_blocks, group_blocks))
            return cls(len(stage.operands), own, len(stage.operands))
        used = _used(stage.body, geometry.lanes)
        total, fold = used.shape[1], BankLayout.of(stage.operands[0], geometry.tiles).fold
        ranges = []
        for first in range(0, len(used), group_blocks):
            (found,) = np.nonzero(used[first : first + group_blocks].any(axis=0))
            low = int(found[0]) // fold * fold if len(found) else 0
            ranges.append((low, int(found[-1]) + 1 if len(found) else 1))
        count = max(high - low for low, high in ranges)
        if count >= total or stage.quantiser is None:
            return cls(total, (0,) * groups, total)
        return cls(count, tuple(low for low, _ in ranges), total)


def _used(op: Conv2d, lanes: int) -> npt.NDArray[np.bool_]:
    """[output blocks, input blocks]: whether a weight between them is not 0."""
    sizes = [blocks_of(channels, lanes) * lanes for channels in op.weight.shape[:2]]
    used = np.zeros(sizes, np.bool_)
    used[: op.weight.shape[0], : op.weight.shape[1]] = op.weight.any(axis=(2, 3))
    blocks = used.reshape(sizes[0] // lanes, lanes, sizes[1] // lanes, lanes)
    return np.asarray(blocks.any(axis=(1, 3)), np.bool_)
