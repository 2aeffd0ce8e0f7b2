"""What a network costs at other widths, without building it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twofold.prune.groups import ChannelGroup, check_unjoined


@dataclass(frozen=True)
class _Layer:
    """unit: MACs for each pair of channels; out, in: the group of the layer's channels, None if they stay."""

    unit: float
    made: int | None
    read: int | None


@dataclass(frozen=True)
class WidthCosts:
    """MACs of a frame as a function of the channels that each group keeps.

    widths: channels of each group, unpruned.
    """

    widths: tuple[int, ...]
    layers: tuple[_Layer, ...]

    @classmethod
    def of(
        cls, groups: Sequence[ChannelGroup], widths: Mapping[str, int], macs: Mapping[str, int]
    ) -> WidthCosts:
        """widths: convolution → filters; macs: layer → MACs, both of the unpruned network.

        Raises UserError for layers that read a concatenation.
        """
        check_unjoined(groups, "a search for filters")
        sizes = tuple(widths[group.producers[0]] for group in groups)
        made = {name: place for place, group in enumerate(groups) for name in group.producers}
        read = {name: place for place, group in enumerate(groups) for name in group.readers}
        layers = []
        for name, count in macs.items():
            ends = (made.get(name), read.get(name))
            pairs = [sizes[place] for place in ends if place is not None]
            layers.append(_Layer(_divided(count, pairs), *ends))
        return cls(sizes, tuple(layers))

    def macs(self, kept: Sequence[int]) -> float:
        """kept: channels of each group."""
        return sum(
            layer.unit
            * (1 if layer.made is None else kept[layer.made])
            * (1 if layer.read is None else kept[layer.read])
            for layer in self.layers
        )


def _divided(count: int, sizes: Sequence[int]) -> float:
    result = float(count)
    for size in sizes:
        result /= size
    return result
