"""What computes other numbers than its trace, or would in use."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.quant.trace_check import check_traced

IMAGES = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout2d(self.conv(x), 0.2).mean((2, 3))


class TwoNames(nn.Module):
    """Writes by another name into what is read afterwards, which torch.fx does not follow."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(x)
        same = maps
        maps += x
        return (maps + same).mean((2, 3))


def test_dropout_that_is_never_off_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"node dropout2d .*: it drops in evaluation mode, too; write training="
    ):
        check_traced(Dropping(), IMAGES)


def test_a_write_that_the_trace_loses_is_refused() -> None:
    with pytest.raises(UserError, match=r"TwoNames: expected the numbers that torch\.fx's trace of it gives"):
        check_traced(TwoNames(), IMAGES)
