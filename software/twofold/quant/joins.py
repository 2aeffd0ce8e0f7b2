"""Which quantisers of a network are one, because a concatenation joins what they give.

Integers of a joined tensor mean the same in every channel. So the quantisers before a concatenation share
scale, width and sign; where two concatenations read the same tensor, those of both do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import fx, nn

from twofold.quant.layer_plan import LayerPlan
from twofold.quant.layers import Concat
from twofold.quant.recipe import EDGE_BITS

INPUT_QUANTISER = "input_quant"


@dataclass(frozen=True, eq=False)
class Join:
    """One quantiser for several values.

    rectified: each is what a ReLU gives, and the last layer does not read it; signed: one may be below 0.
    """

    bits: int
    rectified: bool
    signed: bool


def joins_of(plan: LayerPlan, nodes: Iterable[fx.Node], input_non_negative: bool) -> Mapping[str, Join]:
    """Name of each quantiser that shares its scale → what it shares."""
    joined = [plan.made_by(node) for node in nodes if isinstance(plan.sources.get(node), Concat)]
    found = {}
    for group in _merged(joined):
        if len(group) > 1:
            join = Join(
                max(_bits(plan, node) for node in group),
                all(isinstance(plan.sources.get(node), nn.ReLU) for node in group)
                and not group & plan.read_by_last,
                not all(_is_non_negative(plan, node, input_non_negative) for node in group),
            )
            found.update({_quantiser_of(plan, node): join for node in group})
    return found


def _merged(groups: Iterable[frozenset[fx.Node]]) -> list[frozenset[fx.Node]]:
    """Those that have a node in common become one."""
    result: list[frozenset[fx.Node]] = []
    for group in groups:
        touching = [other for other in result if other & group]
        result = [other for other in result if not other & group] + [group.union(*touching)]
    return result


def _bits(plan: LayerPlan, node: fx.Node) -> int:
    width = plan.widths[node] if isinstance(plan.sources.get(node), nn.ReLU) else None
    return EDGE_BITS if width is None else width


def _is_non_negative(plan: LayerPlan, node: fx.Node, input_non_negative: bool) -> bool:
    match plan.sources.get(node):
        case None:
            return input_non_negative
        case nn.ReLU():
            return True
        case nn.Conv2d() | nn.Linear() | nn.BatchNorm1d() | nn.BatchNorm2d():
            return False
    return all(_is_non_negative(plan, source, input_non_negative) for source in node.all_input_nodes)


def _quantiser_of(plan: LayerPlan, node: fx.Node) -> str:
    """The name that `twofold.quant.convert.quantise` gives to the quantiser of `node`."""
    match plan.sources.get(node):
        case None:
            return INPUT_QUANTISER
        case nn.ReLU():
            return node.name
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return f"{node.all_input_nodes[0].name}_quant"
        case nn.Sequential():
            return f"{node.name}_pool_quant"
    return f"{node.name}_quant"
