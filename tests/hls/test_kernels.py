from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from twofold.hls.kernels import plain_kernel
from twofold.network.ops import Conv2d


@pytest.mark.parametrize("groups, dilation", [(1, (1, 1)), (2, (1, 1)), (1, (2, 3)), (4, (1, 2))])
def test_the_plain_kernel_computes_the_same(groups: int, dilation: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    weight = random.integers(-9, 9, (8, 4 // groups, 3, 2))
    op = Conv2d("c", ("x",), "y", weight, np.zeros(8), dilation=dilation, groups=groups)
    x = torch.tensor(random.integers(-9, 9, (2, 4, 9, 9))).double()
    expected = F.conv2d(x, torch.tensor(weight).double(), dilation=dilation, groups=groups)
    assert torch.equal(F.conv2d(x, torch.tensor(plain_kernel(op)).double()), expected)
