"""Forms of a geometry's tiles follow from what the network does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Requantise, Threshold
from twofold.plan.forms import (
    fit_forms,
    with_fewer_multipliers,
    with_fewer_products,
    with_shared_multipliers,
)
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.plan.stages import Quantiser, stages
from twofold.rtl.geometry import Feature, Geometry, PeName


def consecutive(quantiser: Quantiser | None) -> Quantiser | None:
    if not isinstance(quantiser, Threshold):
        return quantiser
    return replace(quantiser, levels=np.arange(len(quantiser.levels)) - 4)


def test_a_network_gets_what_it_needs(network: Network) -> None:
    geometry = fit_forms(stages(network), Geometry())
    assert (geometry.thresholds, geometry.features, geometry.lane_shift) == (True, (Feature.MAX_POOLING,), 0)
    assert geometry.level_bits == 6
    some = [part for part in stages(network) if not isinstance(part.quantiser, Threshold)]
    assert not fit_forms(some, Geometry()).thresholds
    counted = [replace(part, quantiser=consecutive(part.quantiser)) for part in stages(network)]
    assert fit_forms(counted, Geometry()).level_bits == 0
    none = [part for part in stages(network) if part.name in ("left", "right", "logits")]
    assert not fit_forms(none, Geometry()).features


def test_fewer_multipliers_are_tried_first(network: Network) -> None:
    eight = fit_forms(stages(network), Geometry(tiles=8))
    found = [geometry.full_tiles for geometry in with_fewer_multipliers(stages(network), eight)]
    assert found == [1, 2, 4, None]
    scaled = [part for part in stages(network) if isinstance(part.quantiser, Requantise)]
    assert [g.full_tiles for g in with_fewer_multipliers(scaled, eight)] == [None]


def test_fewer_products_are_tried_first(network: Network) -> None:
    sixteen = Geometry(lanes=16, kinds=(PeName.INT8_DSP,))
    found = [geometry.int8_dsp_inputs for geometry in with_fewer_products(stages(network), sixteen)]
    *fewer, everything = found
    assert everything is None
    assert fewer == sorted(set(fewer))
    assert {3, 9, 10} < set(fewer), "an image's colours, those of a kernel's row, a layer's channels"
    assert {2, 5} < set(fewer), "half of them"
    assert list(with_fewer_products(stages(network), Geometry(kinds=(PeName.LUT_DA,)))) == [
        Geometry(kinds=(PeName.LUT_DA,))
    ]


def test_multipliers_are_shared_if_that_costs_little(network: Network) -> None:
    found = [geometry.multiplier_lanes for geometry in with_shared_multipliers(Geometry(lanes=16))]
    assert found == [1, 2, 4, 8, None]
    of_24 = [geometry.multiplier_lanes for geometry in with_shared_multipliers(Geometry(lanes=24))]
    assert of_24 == found
    assert propose(network).multiplier_lanes is None


def test_multipliers_that_are_worth_their_cycles_stay(network: Network) -> None:
    assert propose(network).full_tiles is None
    assert propose(network, tiles=2).multipliers in (1, 2)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"features": ()}, "pool: op: expected a geometry with max_pooling, found one without"),
        ({"thresholds": False}, "act: op: expected a geometry with thresholds, found one without"),
        ({"level_bits": 4}, "act: levels: expected codes of 4 bits in"),
        ({"level_bits": 0}, "act: levels: expected codes that follow each other, level_bits 0, found"),
    ],
)
def test_what_a_geometry_lacks_is_refused_by_name(
    missing: dict[str, object], message: str, network: Network, geometry: Geometry
) -> None:
    with pytest.raises(NetworkError, match=message):
        plan(network, replace(geometry, **missing))  # type: ignore[arg-type]
