from __future__ import annotations

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.golden.codes import dequantise, quantise
from twofold.network.dyadic import Dyadic
from twofold.network.types import IntType


def test_ties_go_to_the_even_code_and_ends_saturate():
    type_ = IntType(True, 4, Dyadic(1, 1))
    values = [0.25, 0.75, -0.25, -0.75, 1.25, 100, -100, 0.5]
    assert quantise(values, type_).tolist() == [0, 2, 0, -2, 2, 7, -8, 1]


def test_zero_points_move_the_codes():
    type_ = IntType(False, 4, Dyadic(1, 2), 5)
    assert quantise([0, 0.25, -0.5, -9], type_).tolist() == [5, 6, 3, 0]


def test_what_is_no_number_has_no_code():
    with pytest.raises(UserError, match="values: expected numbers, got 1 of 2 that are NaN"):
        quantise([np.nan, 1], IntType(True, 4))
    assert quantise([-np.inf, np.inf], IntType(True, 4)).tolist() == [-8, 7]


@pytest.mark.parametrize("zero_point", [0, 3])
def test_every_code_survives_the_way_there_and_back(zero_point):
    type_ = IntType(False, 8, Dyadic(3, 7), zero_point)
    codes = np.arange(256)
    assert np.array_equal(quantise(dequantise(codes, type_), type_), codes)
