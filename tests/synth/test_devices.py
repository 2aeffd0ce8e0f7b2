"""Shares of a device."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twofold.synth.devices import ZYNQ_7020
from twofold.synth.utilisation import Utilisation

FULL = Utilisation(
    lut=35_800, lutram=17_400, carry=0, ff=106_400, dsp=220, cascaded_dsp=0, bram36=140.0, seconds=0.0
)


def test_a_full_device_fits() -> None:
    assert ZYNQ_7020.shares(FULL) == {"lut": 1.0, "lutram": 1.0, "ff": 1.0, "dsp": 1.0, "bram36": 1.0}
    assert ZYNQ_7020.fits(FULL)


@pytest.mark.parametrize("name", ["lut", "lutram", "ff", "dsp", "bram36"])
def test_one_too_many_does_not(name: str) -> None:
    assert not ZYNQ_7020.fits(replace(FULL, **{name: getattr(FULL, name) + 1}))
