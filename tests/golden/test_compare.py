from __future__ import annotations

import numpy as np

from twofold.golden.compare import Check, Deviation, Status, compare

EXPECTED = {"a": np.arange(6).reshape(2, 3), "y": np.array([[1], [2]])}


def check(found, required=("y",)):
    return compare("m", ("golden", EXPECTED), ("other", found), required)


def test_equal_integers_pass():
    result = check({"a": EXPECTED["a"], "y": EXPECTED["y"]})
    assert (result.status, result.frames, result.elements, result.mismatches) == (Status.PASS, 2, 8, 0)
    assert (result.tensors, result.detail) == (("a", "y"), "")


def test_one_other_integer_fails():
    found = EXPECTED["a"].copy()
    found[1, 2] += 1
    result = check({"a": found, "y": EXPECTED["y"]})
    assert (result.status, result.mismatches) == (Status.FAIL, 1)
    assert result.detail == "a[1, 2]: expected 5, found 6"


def test_the_first_difference_is_that_of_the_first_layer_and_all_are_counted():
    found = {"y": EXPECTED["y"] + 1, "a": EXPECTED["a"] * 2}
    result = check(found)
    assert result.tensors == ("a", "y")
    assert result.detail == "a[0, 1]: expected 1, found 2"
    assert (result.wrong, result.mismatches) == ({"a": 5, "y": 2}, 7)


def test_missing_unknown_and_misshapen_tensors_fail():
    assert check({"a": EXPECTED["a"]}).detail == "y: missing"
    assert (
        check({"b": EXPECTED["y"], "y": EXPECTED["y"]}).detail == "b: shape [2, 1], expected no such tensor"
    )
    assert check({"y": EXPECTED["y"], "b": np.zeros((0, 3), np.int64)}).status is Status.FAIL
    assert check({"y": EXPECTED["y"].T}).detail == "y: shape [1, 2], expected [2, 1]"


def test_nothing_compared_is_no_pass():
    assert check({}, required=()).status is Status.FAIL
    assert (
        compare("m", ("g", {"y": np.zeros((0, 1))}), ("o", {"y": np.zeros((0, 1))}), ("y",)).status
        is Status.FAIL
    )


def test_not_run_says_why():
    result = Check.not_run("m", "golden", "rtl", "no verilator")
    assert result.as_json() == {
        "model": "m",
        "reference": "golden",
        "candidate": "rtl",
        "status": "not run",
        "frames": 0,
        "elements": 0,
        "mismatches": 0,
        "tensors": [],
        "detail": "no verilator",
        "wrong": {},
        "deviations": {},
    }


def bounded(difference, bound):
    found = {"a": EXPECTED["a"] + difference, "y": EXPECTED["y"]}
    return compare("m", ("golden", EXPECTED), ("other", found), ("y",), {"a": bound})


def test_a_proven_bound_is_held_and_what_was_found_is_told():
    result = bounded(np.array([[0, 1, -1], [2, 0, 0]]), 2)
    assert (result.status, result.mismatches, result.wrong) == (Status.PASS, 0, {})
    assert result.deviations == {"a": Deviation(bound=2, differing=3, largest=2)}


def test_one_integer_beyond_its_bound_fails():
    result = bounded(np.array([[0, 1, -1], [3, 0, 0]]), 2)
    assert (result.status, result.wrong) == (Status.FAIL, {"a": 1})
    assert result.detail == "a[1, 0]: expected 3, found 6"
    assert result.deviations["a"].largest == 3


def test_no_integer_is_beyond_every_bound():
    found = {"y": np.full_like(EXPECTED["y"], np.iinfo(np.int64).min)}
    result = compare("m", ("golden", EXPECTED), ("other", found), ("y",), {"y": 100})
    assert (result.status, result.mismatches) == (Status.FAIL, 2)
