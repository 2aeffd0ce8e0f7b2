"""Pruned widths in multiples: what they save and what they cost."""

from __future__ import annotations

import pytest
import torch

from twofold.models.resnet import ResNet
from twofold.tables import aligned
from twofold.tables.aligned import LANES, alignments


def test_multiples_of_the_tile_cost_size_but_no_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligned, "ALIGNMENTS", (1, 8))
    torch.manual_seed(0)
    unpruned, pruned, by_eight = alignments(ResNet(1, widths=(10, 20, 30)).eval())
    assert [row.align for row in (unpruned, pruned, by_eight)] == [None, 1, 8]
    assert set(pruned.cycles) == set(LANES)
    assert pruned.size_ratio > by_eight.size_ratio > unpruned.size_ratio
    # 7, 14 and 21 filters fill as many tiles of 8 lanes as 8, 16 and 24.
    assert by_eight.cycles[8] == pruned.cycles[8] < unpruned.cycles[8]
