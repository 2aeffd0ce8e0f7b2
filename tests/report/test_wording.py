from __future__ import annotations

import pytest

from twofold.golden.compare import Check, Status
from twofold.report import wording


def of(*states: Status) -> list[Check]:
    return [Check("apot", "golden", "rtl", status, 32, 1000, 0) for status in states]


@pytest.mark.parametrize(
    ("checks", "sentence", "state"),
    [
        (of(), "Nothing was compared", Status.NOT_RUN),
        (
            of(Status.PASS, Status.PASS),
            "All 2 checks pass: 2,000 integers compared, none differs",
            Status.PASS,
        ),
        (of(Status.PASS), "The check passes: 1,000 integers compared, none differs", Status.PASS),
        (of(Status.PASS, Status.NOT_RUN), "1 of 2 checks did not run", Status.NOT_RUN),
        (of(Status.FAIL, Status.NOT_RUN, Status.PASS), "1 of 3 checks fail", Status.FAIL),
    ],
)
def test_the_verdict_tells_the_worst_first(checks: list[Check], sentence: str, state: Status) -> None:
    assert wording.verdict(checks) == sentence
    assert wording.overall(checks) is state


def test_figures() -> None:
    assert wording.top1(98.611) == "98.6%"
    assert wording.percent(0.98611) == "98.6%"
    assert wording.signed_percent(-0.0228) == "-2.28%"
    assert wording.times(15.84) == "15.8×"
    assert wording.count(1234567) == "1,234,567"
    assert wording.count(14.5) == "14.5"
    assert {
        wording.percent(None),
        wording.signed_percent(None),
        wording.times(None),
        wording.count(None),
    } == {"–"}
