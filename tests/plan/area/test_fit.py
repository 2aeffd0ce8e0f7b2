"""Engines that do not fit a device are refused with the nearest that do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.area.engine import engine_area
from twofold.plan.area.fit import check_fits, excess
from twofold.plan.propose import propose
from twofold.rtl.geometry import PeName
from twofold.rtl.primitives.family import Family

KINDS = (PeName.LUT_DA, PeName.INT8_DSP)


@dataclass(frozen=True)
class Small:
    """A device of a tenth of a Zynq-7020."""

    name: str = "small"
    lut: int = 12_000
    lutram: int = 3_000
    ff: int = 24_000
    dsp: int = 60
    bram36: int = 30


def test_what_fits_is_given_back(network: Network) -> None:
    geometry = propose(network, 8, KINDS, family=Family.XC7)
    assert check_fits(network, geometry, Small()) is geometry


def test_what_does_not_fit_is_refused_with_the_nearest_that_does(network: Network) -> None:
    geometry = propose(network, 16, KINDS, tiles=8, family=Family.XC7)
    wrong = excess(geometry, Small())
    assert wrong["lut"] == (engine_area(geometry).lut + engine_area(geometry).lutram, 12_000)
    with pytest.raises(UserError) as caught:
        check_fits(network, geometry, Small())
    message = str(caught.value)
    assert message.startswith("small: expected an engine that fits small, 8 × 16 lanes would take ")
    assert " lut of 12000, " in message and message.endswith("; 2 × 8 lanes would fit")


def test_nothing_fits_nothing(network: Network) -> None:
    geometry = propose(network, 8, KINDS, family=Family.XC7)
    with pytest.raises(UserError, match=r"1 × 8 lanes would take .* of 0; no smaller engine would fit$"):
        check_fits(network, geometry, replace(Small(), lut=0))
