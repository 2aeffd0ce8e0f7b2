"""Which split a model's file names, and test parts that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twofold.data.digits import read_digits
from twofold.data.split import check_split, split_seed_in
from twofold.errors import UserError

METADATA = {"dataset": "digits", "split_seed": "5"}


def test_the_seed_is_that_of_the_same_data_set() -> None:
    assert split_seed_in(METADATA, "digits") == 5
    assert split_seed_in(METADATA, "mnist") is None
    assert split_seed_in({"dataset": "cifar10", "split_seed": "5"}, "cifar10") is None, "it has a test part"


@pytest.mark.parametrize("text", ["", "-1", "five", "٥", "9" * 19])
def test_what_is_no_seed_says_nothing(text: str) -> None:
    assert split_seed_in({**METADATA, "split_seed": text}, "digits") is None
    assert split_seed_in({"dataset": "digits"}, "digits") is None


def test_another_split_is_refused() -> None:
    digits = read_digits(0)
    check_split({}, digits)
    check_split(METADATA, replace(digits, split_seed=5))
    check_split({**METADATA, "dataset": "mnist"}, digits)
    with pytest.raises(UserError, match="digits: expected the split of the model's training, seed 5,"):
        check_split(METADATA, digits)
