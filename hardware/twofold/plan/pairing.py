"""Which layers two kinds can compute at once: one group of output blocks each."""

from __future__ import annotations

from twofold.network.ops import Conv2d
from twofold.plan.stages import Stage
from twofold.plan.tiles import holds
from twofold.rtl.geometry import Geometry
from twofold.rtl.inner_product import ProductTiming
from twofold.rtl.mac.interface import PeKind
from twofold.rtl.mac.kinds import pe_kind, pe_kinds


def kind_beside(stage: Stage, geometry: Geometry) -> PeKind | None:
    """The kind that can compute every second group of a convolution's output blocks; None if none can.

    It and the first kind that holds the layer must multiply a word at once, and its sums may not come
    before that one's.
    """
    if geometry.beside is None or stage.quantiser is None or not isinstance(stage.body, Conv2d):
        return None
    beside, timing = pe_kind(geometry.beside, geometry), ProductTiming.of(geometry)
    own = next((place for place, kind in enumerate(pe_kinds(geometry)) if holds(kind, stage)), None)
    if own is None or not timing.is_paired(own + 1) or not holds(beside, stage):
        return None
    at_once = pe_kinds(geometry)[own].parts(stage.operands[0].channels) == 1
    return beside if at_once and beside.parts(stage.operands[0].channels) == 1 else None
