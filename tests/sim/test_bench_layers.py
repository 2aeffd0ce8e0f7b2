"""The bench of random layers: wrong weights are wrong for certain, and each has to be found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from twofold.golden.execute import execute
from twofold.rtl.geometry import Geometry
from twofold.sim.bench_layers import FRAMES, holds, measure, with_wrong_weight
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine_row import frames_of
from twofold.sim.generated_layers import generated_layer

CASES = (7, 9, 46)


@pytest.mark.parametrize("case", (9, 46))
def test_a_wrong_weight_changes_what_golden_gives(case: int, engine_geometry: Geometry) -> None:
    network = generated_layer(case, engine_geometry)
    codes = frames_of(network, FRAMES, case)
    mutant = with_wrong_weight(network, codes)
    assert mutant is not None
    right, wrong = (execute(which, codes)[network.output_name] for which in (network, mutant))
    assert not np.array_equal(right, wrong)
    assert np.count_nonzero(network.ops[0].weight != mutant.ops[0].weight) == 1


def test_what_has_no_weights_has_no_wrong_one(engine_geometry: Geometry) -> None:
    network = generated_layer(7, engine_geometry)
    assert with_wrong_weight(network, frames_of(network, FRAMES, 7)) is None


def test_each_wrong_weight_is_found(
    engine_geometry: Geometry, library_once: Callable[[Geometry], EngineLibrary]
) -> None:
    row = measure(engine_geometry, library_once(engine_geometry), CASES)
    assert holds(row), row
    assert row["mutants_found"] == row["mutants"] == 2
    assert not holds(row | {"mutants_found": 1})
    assert not holds(row | {"mutants_found": 0, "mutants": 0})
    assert not holds(row | {"wrong": [9]})
