from __future__ import annotations

import numpy as np
import pytest

from twofold.hls.layout import Layout


@pytest.mark.parametrize("layout", [Layout((3, 2, 4)), Layout((5,)), Layout((24,), (3, 2, 4))], ids=str)
def test_there_and_back_is_the_identity(layout: Layout) -> None:
    values = np.arange(2 * layout.elements).reshape(2, *layout.shape)
    assert np.array_equal(layout.from_hls(layout.to_hls(values)), values)


def test_channels_come_last() -> None:
    values = np.arange(12).reshape(1, 3, 2, 2)
    expected = values.transpose(0, 2, 3, 1).reshape(1, -1)
    assert np.array_equal(Layout((3, 2, 2)).to_hls(values), expected)
    assert np.array_equal(Layout((12,), (3, 2, 2)).to_hls(values.reshape(1, -1)), expected)
    assert Layout((3, 2, 4)).hls_shape == [2, 4, 3]
