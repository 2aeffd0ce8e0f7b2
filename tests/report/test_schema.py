from __future__ import annotations

from typing import Any

import pytest

from twofold.errors import UserError
from twofold.golden.compare import Status
from twofold.report.schema import Cycles, Report, Resources


def test_a_whole_report_is_parsed(report: dict[str, Any]) -> None:
    parsed = Report.parse(report)
    apot, int8 = parsed.models
    assert apot.accuracy.pruned == 98.33
    assert int8.accuracy.pruned is None
    assert list(apot.weight_histogram["conv2"]) == [-10, 0, 10]
    assert [check.status for check in parsed.checks] == [Status.PASS, Status.FAIL, Status.NOT_RUN]


@pytest.mark.parametrize("absent", ["resources", "device", "fits", "confusion"])
def test_what_was_not_made_may_be_absent_or_null(report: dict[str, Any], absent: str) -> None:
    del report["models"]["apot"][absent]
    report["models"]["int8"][absent] = None
    for model in Report.parse(report).models:
        assert not getattr(model, absent)


def test_nan_means_not_known(report: dict[str, Any]) -> None:
    report["models"]["apot"]["accuracy"]["quantised"] = float("nan")
    assert Report.parse(report).models[0].accuracy.quantised is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", 2, "report: schema: expected 1, the schema that this version reads, found 2"),
        ("models", {}, "report: models: expected at least one model, found {}"),
        ("models.apot.macs", -1, "report: models.apot.macs: expected an integer of at least 0, found -1"),
        ("models.apot.macs", True, "report: models.apot.macs: expected an integer of at least 0, found True"),
        (
            "models.apot.accuracy",
            {"float": 90},
            "report: models.apot.accuracy: expected the field 'quantised', found the fields float",
        ),
        (
            "models.apot.accuracy.float",
            101,
            "report: models.apot.accuracy.float: expected a percentage from 0 to 100, found 101",
        ),
        (
            "models.apot.size_ratio",
            "16",
            "report: models.apot.size_ratio: expected a number or null, found '16'",
        ),
        ("models.apot.device.name", 7, "report: models.apot.device.name: expected a text, found 7"),
        ("models.apot.fits", 1, "report: models.apot.fits: expected true or false, found 1"),
        ("models.apot.layers", {}, "report: models.apot.layers: expected a list, found {}"),
        (
            "models.apot.weight_histogram",
            {"conv1": {"a": 1}},
            "report: models.apot.weight_histogram.conv1: expected integer codes as fields, found 'a'",
        ),
        (
            "models.apot.confusion",
            [[1, 2]],
            "report: models.apot.confusion: expected a square matrix, found 1 rows of [2] columns",
        ),
        (
            "checks",
            [{"status": "skipped"}],
            "report: checks[0].status: expected 'pass' or 'fail' or 'not run', found 'skipped'",
        ),
    ],
)
def test_a_refusal_names_path_expected_and_found(
    report: dict[str, Any], path: str, value: object, message: str
) -> None:
    *parents, last = path.split(".")
    parent = report
    for key in parents:
        parent = parent[key]
    parent[last] = value
    with pytest.raises(UserError) as caught:
        Report.parse(report)
    assert str(caught.value) == message


def test_the_error_of_a_prediction_is_a_share_of_the_simulated_cycles() -> None:
    assert Cycles(103, 100).error == pytest.approx(0.03)
    assert Cycles(103, None).error is None
    assert Cycles(None, 100).error is None
    assert Cycles(103, None).best_known == 103


def test_shares_of_a_device_without_a_kind_are_unknown() -> None:
    shares = Resources(50, 0, 10, 2, 0.5).shares(Resources(100, 0, 10, 1, 5))
    assert shares == {"lut": 0.5, "lutram": None, "ff": 1.0, "dsp": 2.0, "bram36": 0.1}


def test_luts_used_as_memory_are_luts_too() -> None:
    shares = Resources(50, 10, 0, 0, 0).shares(Resources(100, 40, 1, 1, 1))
    assert (shares["lut"], shares["lutram"]) == (0.6, 0.25)
