"""One row: what is derived from the counts, and copies."""

from __future__ import annotations

from twofold.synth.area_row import PEERS, AreaRow, table
from twofold.synth.utilisation import Utilisation

USED = Utilisation(lut=80, lutram=64, carry=8, ff=100, dsp=8, cascaded_dsp=0, bram36=0.0, seconds=1.0)


def test_luts_per_mac_count_memories() -> None:
    row = AreaRow("kind", "xc7", 2, 4, 10, 6, 0, 0, 0)
    assert (row.lut_per_mac, row.mac_per_dsp) == (2.0, None)


def test_arrays_that_share_have_a_part_each() -> None:
    row = AreaRow.of("kind", "xc7", 4, 4, USED, copies=8)
    assert (row.lut, row.lutram, row.carry, row.ff, row.dsp) == (10, 8, 1, 12, 1)
    assert (row.lut_per_mac, row.mac_per_dsp) == (1.12, 16.0)


def test_what_was_not_measured_is_a_dash() -> None:
    header, line = table([AreaRow("kind", "xc7", 2, 4, 10, 6, None, 0, 0)]).splitlines()
    assert header.split()[-1] == "ecp5_mhz"
    assert line.split() == ["kind", "xc7", "2", "4", "10", "6", "-", "0", "0", "2.0", "-", "-", "-", "-"]


def test_other_designs_are_as_published() -> None:
    assert [(row.lut_per_mac, row.mac_per_dsp) for row in PEERS[:2]] == [(23.73, 4.0), (35.64, 2.0)]
