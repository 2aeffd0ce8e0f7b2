"""Every cause has a number, a name and a meaning."""

from __future__ import annotations

import pytest

from twofold.rtl.control.run_errors import CAUSE_BITS, CAUSES, NO_INSTRUCTION, Cause, describe


def test_every_cause_has_a_meaning_and_fits_its_field() -> None:
    assert list(CAUSES) == list(Cause)
    assert max(Cause) < 1 << CAUSE_BITS


@pytest.mark.parametrize("cause", Cause)
def test_values_of_the_register_are_described(cause: Cause) -> None:
    assert describe(cause | 7 << 16) == f"{cause.name} at instruction 7. {CAUSES[cause]}"
    assert describe(cause | NO_INSTRUCTION << 16) == f"{cause.name}. {CAUSES[cause]}"
